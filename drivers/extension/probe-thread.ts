/** Tries extensions out where they can do no harm, before they are let into the main thread. */
import { parentPort } from 'node:worker_threads'
import { type ExtensionComplaint, ExtensionError, textOfThrown } from './extension-error.ts'
import { openExtension } from './open-extension.ts'
import type { ExtensionPlace } from './run-messages.ts'

async function complaintAbout(place: ExtensionPlace): Promise<ExtensionComplaint | undefined> {
  try {
    await openExtension(place)
    return undefined
  } catch (error) {
    if (error instanceof ExtensionError) return { code: error.code, message: error.message, remedy: error.remedy }
    return { code: 'EXTENSION_LOAD_FAILED', message: textOfThrown(error), remedy: 'report it to its author' }
  }
}

parentPort?.on('message', (place: ExtensionPlace) => {
  complaintAbout(place)
    .then((complaint) => parentPort?.postMessage({ complaint }))
    .catch(() => process.exit(1))
})
