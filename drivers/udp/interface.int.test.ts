import { execFile, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

const SCRIPT = join(import.meta.dirname, '../../test-support/pluggable-interface.js')
/** Whether this machine lets us have a network of our own with virtual cables (Linux, user namespaces or root, iproute2). */
const canPlug =
  process.platform === 'linux' &&
  spawnSync('unshare', ['-rn', 'ip', 'link', 'add', 'lan0', 'type', 'veth', 'peer', 'name', 'lan1'], { stdio: 'ignore' }).status === 0

/** Needs a network namespace; without one the machine's interfaces cannot be pulled out, and a made-up list stands for them (udp.int.test.ts). */
describe.runIf(canPlug)('a group on a real interface', () => {
  it.each([
    ['239.255.76.67', 'lan0'],
    ['239.255.76.67', undefined],
    ['ff15::7667', 'lan0']
  ])('%s on %s is heard after every mishap of the interface', async (group, interfaceName) => {
    const args = ['-rn', process.execPath, SCRIPT, group, ...(interfaceName === undefined ? [] : [interfaceName])]
    const { stdout } = await promisify(execFile)('unshare', args)
    const steps = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { step: string; healths: string[] })
    expect(steps.map(({ step }) => step)).toEqual([
      'plugged in',
      'down and up',
      'made anew within a look',
      'another address',
      'plugged in again'
    ])
    expect(steps.at(-1)?.healths.slice(-2)).toEqual(['down', 'up'])
  })
})
