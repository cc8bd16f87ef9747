import { Banners } from './banners.tsx'
import { Header } from './header.tsx'
import { AlarmsPanel } from './panels/alarms-panel.tsx'
import { DeliveryPanel } from './panels/delivery-panel.tsx'
import { GatewayPanel } from './panels/gateway-panel.tsx'
import { SourcesPanel } from './panels/sources-panel.tsx'
import { SteeringPanel } from './panels/steering-panel.tsx'
import { StoragePanel } from './panels/storage-panel.tsx'
import { TagPanel } from './panels/tag-panel.tsx'
import { PlanView } from './plan/plan-view.tsx'
import { link, state } from './state/live.ts'
import { text } from './text/text.ts'
import { Tiles } from './tiles.tsx'

export function App() {
  const now = state.value
  if (now === undefined) return <p class="connecting">{text.connecting}</p>
  return (
    <div class={link.value === 'lost' ? 'page stale' : 'page'}>
      <Header gateway={now.gateway} />
      <Banners state={now} />
      <main>
        <Tiles state={now} />
        <PlanView plan={now.plan} />
        <div class="people">
          <TagPanel />
          <SteeringPanel />
          <AlarmsPanel alarms={now.alarms} />
        </div>
        <div class="equipment">
          <SourcesPanel sources={now.sources} />
          <DeliveryPanel uplink={now.uplink} lanes={now.lanes} />
          <StoragePanel storage={now.storage} />
          <GatewayPanel gateway={now.gateway} />
        </div>
      </main>
    </div>
  )
}
