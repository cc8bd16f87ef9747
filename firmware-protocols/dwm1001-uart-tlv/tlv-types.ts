/** Type codes of the module's answers (`dwm1001_tlv.h` of Qorvo's host library). */
export const RET_VAL = 0x40
export const TYPE_POSITION = 0x41
export const TYPE_UPDATE_RATE = 0x45
export const TYPE_CONFIGURATION = 0x46
export const TYPE_INT_CFG = 0x47
export const TYPE_ANCHOR_RANGES = 0x48
export const TYPE_TAG_RANGES = 0x49
export const TYPE_STATIONARY_SENSITIVITY = 0x4a
export const TYPE_USER_DATA = 0x4b
export const TYPE_LABEL = 0x4c
export const TYPE_PAN_ID = 0x4d
export const TYPE_NODE_ID = 0x4e
export const TYPE_FW_VERSION = 0x50
export const TYPE_CFG_VERSION = 0x51
export const TYPE_HW_VERSION = 0x52
export const TYPE_PIN_VALUE = 0x55
export const TYPE_STATUS = 0x5a
export const TYPE_BLE_ADDRESS = 0x5f

/** x i32, y i32, z i32, quality u8. */
export const POSITION_BYTES = 13
/** Peer id u64, distance u32, quality u8. */
export const ANCHOR_RANGE_BYTES = 13
/** Anchor id u16, distance u32, quality u8, anchor's position block. */
export const TAG_RANGE_BYTES = 20
