/** What `import … from 'tagward/testing'` gives: the promises of drivers and codecs as checks for any runner of tests. docs/extending.md. */
import { codecContract as ownCodecContract } from './codec-contract.ts'
import { driverContract as ownDriverContract } from './driver-contract.ts'
import { waitUntil as ownWaitUntil } from './wait-until.ts'

export type { CodecContractOptions, Vector } from './codec-contract.ts'
export type { Check, ContractTrait } from './driver-contract.ts'
export type { DriverWorld } from './driver-trial.ts'

export const codecContract = ownCodecContract
export const driverContract = ownDriverContract
export const waitUntil = ownWaitUntil
