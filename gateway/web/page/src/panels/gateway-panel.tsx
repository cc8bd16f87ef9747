import type { GatewayInfo } from '../../../../state/snapshot.ts'
import { gatewayNow } from '../state/live.ts'
import { formatAge } from '../text/format.ts'
import { text } from '../text/text.ts'
import { Fact, Panel } from './panel.tsx'

const words = text.gateway

export function GatewayPanel({ gateway }: { readonly gateway: GatewayInfo }) {
  return (
    <Panel id="gateway" title={words.title}>
      <dl class="facts pairs">
        <Fact label={words.site} value={gateway.site} />
        <Fact label={words.id} value={gateway.id} />
        <Fact label={words.version} value={gateway.version} />
        <Fact label={words.uptime} value={formatAge(gatewayNow.value - gateway.startedMono)} />
        <Fact label={words.epoch} value={gateway.epoch} />
        <Fact
          label={words.clock}
          value={<span title={text.clockQualityHint[gateway.clockQuality]}>{text.clockQuality[gateway.clockQuality]}</span>}
          amiss={gateway.clockQuality !== 'synchronised'}
        />
      </dl>
    </Panel>
  )
}
