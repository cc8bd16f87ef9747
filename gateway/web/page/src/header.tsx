import type { GatewayInfo } from '../../../state/snapshot.ts'
import { gatewayTime, link } from './state/live.ts'
import { formatTime } from './text/format.ts'
import { text } from './text/text.ts'

export function Header({ gateway }: { readonly gateway: GatewayInfo }) {
  return (
    <header class="top">
      <svg class="brand-mark" viewBox="0 0 32 32" aria-hidden="true">
        <circle cx="16" cy="16" r="12" />
        <circle cx="16" cy="16" r="4.5" />
      </svg>
      <h1>
        {text.product} <span class="site">{gateway.site}</span>
      </h1>
      <p class="clock" data-quality={gateway.clockQuality}>
        <time>{formatTime(gatewayTime.value)}</time>
        <span title={text.clockQualityHint[gateway.clockQuality]}>{text.clockQuality[gateway.clockQuality]}</span>
      </p>
      <p class="link" data-link={link.value}>
        {text.link[link.value]}
      </p>
    </header>
  )
}
