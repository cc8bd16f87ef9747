import { type AnyProcessor, defineProcessor } from '../processor.ts'

interface ReceiverState {
  online: boolean
}

/**
 * Presence of receivers, of its changes only: devices repeat their state, and each change concerns every tag. A receiver is named in tags' frames
 * as in its own reports, there with the namespace before it.
 */
export function receiverWatch(): AnyProcessor {
  return defineProcessor({
    name: 'receiver-watch',
    title: 'Tells when a receiver says, or its system says, that it is gone or back',
    in: ['DeviceStatus'],
    out: ['ReceiverChanged'],
    version: 1,
    key: ({ data }) => (data.online === undefined || data.stale === true ? undefined : data.device),
    initial: (): ReceiverState => ({ online: true }),
    process({ data, source, time }, state, context) {
      if (data.online === undefined || data.online === state.online) return
      state.online = data.online
      const receiver = data.device.slice(data.device.indexOf(':') + 1)
      context.emit('ReceiverChanged', { key: data.device, time, data: { source: source ?? '', receiver, online: data.online } })
    }
  })
}
