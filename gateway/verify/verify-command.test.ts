import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { verifyCommand } from './verify-command.ts'

describe('tagward verify', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tagward-verify-command-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  async function called(...argv: string[]): Promise<{ exitCode: number; out: string; err: string }> {
    let [out, err] = ['', '']
    const output = {
      out: (text: string) => {
        out += text
      },
      err: (text: string) => {
        err += text
      }
    }
    const exitCode = await verifyCommand(argv, output)
    return { exitCode, out, err }
  }

  it('explains itself', async () => {
    const { exitCode, out, err } = await called('--help')
    expect(exitCode).toBe(0)
    expect(err).toBe('')
    for (const option of ['--brokers', '--prefix', '--gateway', '--sent']) expect(out).toContain(option)
  })

  const target = ['--brokers', '127.0.0.1:1', '--prefix', 'p']
  const badLine = join(folder, 'bad.jsonl')
  writeFileSync(badLine, '{"tag":"4d18"}\n{"payload":1}\n')
  const mistakes: [string, string[]][] = [
    ['--brokers is missing', ['--prefix', 'p']],
    ['--prefix is missing', ['--brokers', 'b:1']],
    ['--brokers foo: a broker is HOST:PORT', ['--brokers', 'foo', '--prefix', 'p']],
    ['--brokers b:kafka', ['--brokers', 'a:1,b:kafka', '--prefix', 'p']],
    ['--brokers b:65536', ['--brokers', 'b:65536', '--prefix', 'p']],
    ['--timeout soon', [...target, '--timeout', 'soon']],
    ['--nonsense', [...target, '--nonsense']],
    ['cannot read', [...target, '--ca', join(folder, 'none.pem')]],
    ['--sasl kerberos', [...target, '--sasl', 'kerberos', '--username', 'u', '--password-file', badLine]],
    ['--sasl needs', [...target, '--sasl', 'plain']],
    ['none.jsonl', [...target, '--sent', join(folder, 'none.jsonl')]],
    ['bad.jsonl, line 2', [...target, '--sent', badLine]]
  ]
  it.each(mistakes)('says what is wrong: %s', async (message, argv) => {
    const { exitCode, out, err } = await called(...argv)
    expect(exitCode).toBe(2)
    expect(out).toBe('')
    expect(err).toContain(message)
    expect(err.trimEnd()).not.toContain('\n')
  })
})
