/** The packages have no types. What they return is described at github.com/reelyactive/advlib; it is judged as foreign data. */
declare module 'advlib-ble-manufacturers' {
  export function processManufacturerSpecificData(companyCode: number, data: string): unknown
}

declare module 'advlib-ble-services' {
  export function processServiceData(uuid: string, data: string): unknown
}
