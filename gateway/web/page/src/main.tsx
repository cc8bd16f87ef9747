import { render } from 'preact'
import { App } from './app.tsx'
import { startConnection } from './state/connection.ts'
import { startSteering } from './state/steering.ts'
import './style/base.css'
import './style/layout.css'
import './style/panels.css'
import './style/plan.css'

const root = document.getElementById('app')
if (root !== null) {
  render(<App />, root)
  startConnection()
  startSteering()
}
