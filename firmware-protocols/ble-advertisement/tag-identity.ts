import { LruMap } from '../kit/lru-map.ts'
import type { BeaconIdentity } from './advertisement-reader.ts'
import type { AdvertisementSettings } from './advertisement-settings.ts'

/** Addresses whose beacon identity is remembered. A tag that changes its address takes a new place every quarter of an hour or so. */
const REMEMBERED_ADDRESSES = 8192

/** 20 or 16 bytes in hex. */
function idOf(beacon: BeaconIdentity): string {
  const u16 = (value: number): string => value.toString(16).padStart(4, '0')
  if (beacon.format === 'ibeacon') return beacon.uuid + u16(beacon.major) + u16(beacon.minor)
  return beacon.format === 'eddystone' ? beacon.namespace + beacon.instance : beacon.beaconId
}

/** Under which id a tag is known, by the choice of the installer. */
export class TagIdentity {
  readonly #choice: AdvertisementSettings['identity']
  readonly #byAddress = new LruMap<string, string>(REMEMBERED_ADDRESSES)

  constructor(choice: AdvertisementSettings['identity']) {
    this.#choice = choice
  }

  /** `beacon` says who the sender is; one that only says what happened must not be given. */
  learn(beacon: BeaconIdentity, address: string | undefined): string | undefined {
    if (beacon.format !== this.#choice) return undefined
    const id = idOf(beacon)
    if (address !== undefined) this.#byAddress.set(address, id)
    return id
  }

  /**
   * `told`: the id in the content. A sender whose beacon was never heard goes by its other ids: what it says may be an alarm, and
   * that must not wait for an identity.
   */
  choose(told: string | undefined, address: string | undefined): string | undefined {
    if (this.#choice === 'payload') return told ?? address
    if (this.#choice === 'address') return address ?? told
    const known = address === undefined ? undefined : this.#byAddress.get(address)
    return known ?? told ?? address
  }
}
