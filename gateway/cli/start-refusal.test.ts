import { expect, it } from 'vitest'
import { GatewayError } from '../errors.ts'
import { LogError } from '../log/log-error.ts'
import { startRefusal } from './start-refusal.ts'

it('says of a log that cannot be used where it is and what to do', () => {
  expect(startRefusal(new LogError('LOG_IN_USE', 'another program has this log open'), '/var/lib/tagward')).toEqual({
    code: 'LOG_IN_USE',
    message: 'another program has this log open (/var/lib/tagward). Stop the other gateway, or give this one a data directory of its own'
  })
})

it('leaves refusals that say so themselves as they are, and takes no other error for one', () => {
  const taken = new GatewayError('WEB_PORT_TAKEN', 'port 80 is taken; set web.port or stop the other program')
  expect(startRefusal(taken, '/x')).toEqual({ code: 'WEB_PORT_TAKEN', message: taken.message })
  expect(startRefusal(new TypeError('x is not a function'), '/x')).toBe(undefined)
  expect(startRefusal('x', '/x')).toBe(undefined)
})
