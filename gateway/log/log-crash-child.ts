import { movement, openTestLog } from './log-test-support.ts'

/** Appends until it is killed and reports the last number that is durable. Started by the crash tests. */
const [, , directory = '', first = '0'] = process.argv
const log = await openTestLog(directory)
let next = Number(first)
function appendSome(): void {
  for (let i = 0; i < 50; i++) {
    const n = next++
    log.append(movement(n), i === 49 ? () => process.send?.(n) : undefined)
  }
  if (log.congested) setTimeout(appendSome, 1)
  else setImmediate(appendSome)
}
appendSome()
