import type { Codec } from '../../firmware-protocols/codec.ts'
import type { Driver, ExclusiveClaim } from '../driver.ts'
import { IsolatedRun } from './isolated-run.ts'
import type { ExtensionPlace } from './run-messages.ts'
import { timeLimited } from './time-limit.ts'

const CLAIMS_LIMIT_MS = 200
const MAX_CLAIMS = 16

/** A driver of a third party as the gateway has it: the same declaration, each run in a thread of its own. */
export function isolateDriver(driver: Driver<unknown>, place: ExtensionPlace): Driver<unknown> {
  const { carries, exclusiveClaims, kind, playsBack, settings, title } = driver
  return {
    kind,
    title,
    carries,
    settings,
    ...(playsBack === true ? { playsBack } : {}),
    ...(exclusiveClaims === undefined
      ? {}
      : {
          exclusiveClaims: (chosen) =>
            claimsOf(() => timeLimited(CLAIMS_LIMIT_MS, `exclusiveClaims of driver "${kind}"`, () => exclusiveClaims.call(driver, chosen)))
        }),
    createRun: (chosen, codec: Codec | undefined, context) => new IsolatedRun({ ...place, kind }, chosen, codec, context)
  }
}

/** What cannot be understood claims nothing: two sources will then find out for themselves. */
function claimsOf(ask: () => unknown): readonly ExclusiveClaim[] {
  try {
    const claims = ask()
    if (!Array.isArray(claims)) return []
    return claims
      .slice(0, MAX_CLAIMS)
      .filter((claim: Readonly<Record<string, unknown>> | null) =>
        ['setting', 'resource', 'why', 'remedy'].every((key) => typeof claim?.[key] === 'string')
      ) as readonly ExclusiveClaim[]
  } catch {
    return []
  }
}
