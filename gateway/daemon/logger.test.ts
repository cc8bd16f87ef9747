import { expect, it } from 'vitest'
import { createLogger } from './logger.ts'

it('writes JSON lines without secrets, however deep they came by', () => {
  let text = ''
  const keep = (line: string): void => {
    text += line
  }
  const logger = createLogger('info', { write: keep })
  const password = 'hunter2-hunter2'
  logger.info({ password, kafka: { sasl: { username: 'u', password }, brokers: ['b:9092'] }, source: { password } }, 'started')
  logger.warn({ a: { b: { token: password } } }, 'deep')
  expect(text).not.toContain(password)
  expect(JSON.parse(text.split('\n')[0] ?? '')).toMatchObject({ msg: 'started', kafka: { brokers: ['b:9092'] } })
})
it('keeps the reason of an error', () => {
  let text = ''
  const keep = (line: string): void => {
    text += line
  }
  createLogger('info', { write: keep }).error({ err: new Error('disk gone') }, 'failed')
  expect(JSON.parse(text)).toMatchObject({ err: { message: 'disk gone' } })
})
