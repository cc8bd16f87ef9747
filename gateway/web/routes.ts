import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { Clock, Command } from '../../drivers/driver.ts'
import type { ErrorCode } from '../errors.ts'
import type { GatewayView } from '../state/gateway-view.ts'
import type { Metrics } from '../state/metrics.ts'
import { isOriginAllowed, SECURITY_HEADERS } from './guard.ts'
import type { LiveStream } from './live-stream.ts'
import type { LogHealth } from './log-health.ts'

const commandBody = z.strictObject({
  target: z.string().regex(/^[^\s/]{1,120}$/, 'the short id of a tag or device: 1 to 120 characters without space or slash'),
  command: z.strictObject({
    kind: z.enum(['vibrate', 'led', 'sound', 'text', 'sos-received', 'switch', 'raw']),
    payload: z.record(z.string(), z.json()).optional()
  })
})

export interface RouteParts {
  readonly view: GatewayView
  readonly clock: Clock
  readonly stream: LiveStream
  readonly health: LogHealth
  readonly metrics: Metrics
}

export const failure = (code: ErrorCode, message: string) => ({ error: { code, message } })

export function addRoutes(app: FastifyInstance, parts: RouteParts): void {
  const { view, clock, stream, health, metrics } = parts

  app.get('/api/state', (_request, reply) => reply.header('cache-control', 'no-store').send(view.snapshot()))

  app.get('/api/events', (_request, reply) => {
    if (stream.full) return reply.code(503).send(failure('WEB_TOO_MANY_STREAMS', 'too many pages are open; close one'))
    reply.hijack()
    stream.join(reply.raw, SECURITY_HEADERS)
    return reply
  })

  app.post<{ Params: { id: string } }>('/api/sources/:id/commands', async (request, reply) => {
    if (!isOriginAllowed(request.headers))
      return reply.code(403).send(failure('WEB_ORIGIN', 'commands are taken only from the page of this gateway'))
    const body = commandBody.safeParse(request.body)
    if (!body.success) {
      const why = body.error.issues.map((issue) => `${issue.path.join('.') || 'body'}: ${issue.message}`).join('; ')
      return reply.code(400).send(failure('WEB_INVALID', why))
    }
    const { id } = request.params
    if (!view.hasSource(id)) return reply.code(404).send(failure('WEB_NO_SUCH_SOURCE', `there is no source "${id}"`))
    const { target, command } = body.data
    const sent: Command = command.payload === undefined ? { kind: command.kind } : { kind: command.kind, payload: command.payload }
    return reply.send({ outcome: await view.command(id, target, sent) })
  })

  app.get('/healthz', (_request, reply) => {
    const report = health.observe(view.logProgress(), clock.monotonicMs())
    return reply
      .code(report.healthy ? 200 : 503)
      .header('cache-control', 'no-store')
      .send({ status: report.healthy ? 'ok' : 'unhealthy', reasons: report.reasons })
  })

  app.get('/metrics', async (_request, reply) =>
    reply.header('content-type', metrics.contentType).send(await metrics.text(view.overview(), stream))
  )
}
