import { describe, it } from 'vitest'
import type { Driver } from '../drivers/driver.ts'
import { type ContractTrait, driverContract } from '../drivers/extension/testing/driver-contract.ts'
import type { DriverWorld } from '../drivers/extension/testing/driver-trial.ts'

export type { ContractTrait, DriverWorld }

/**
 * The promises of `drivers/driver.ts`, as tests that every driver calls with a world of its own. `without` names what cannot
 * happen to this driver: the tests of it are left out.
 */
export function describeDriverContract<Settings>(
  title: string,
  driver: Driver<Settings>,
  createWorld: () => Promise<DriverWorld>,
  without: readonly ContractTrait[] = []
): void {
  describe(`driver contract: ${title}`, () => {
    for (const promise of driverContract(driver as Driver<unknown>, createWorld, without)) it(promise.title, () => promise.check())
  })
}
