/** Names of the FiRa UCI generic specification (tables of status codes, states, reasons). */

const byCode =
  (names: Readonly<Record<number, string>>, prefix: string) =>
  (code: number): string =>
    names[code] ?? `${prefix}_0x${code.toString(16).padStart(2, '0').toUpperCase()}`

export const STATUS_OK = 0x00
/** The distance is known and negative: its magnitude is reported. */
export const STATUS_OK_NEGATIVE = 0x1b

export const statusName = byCode(
  {
    0: 'OK',
    1: 'REJECTED',
    2: 'FAILED',
    3: 'SYNTAX_ERROR',
    4: 'INVALID_PARAM',
    5: 'INVALID_RANGE',
    6: 'INVALID_MESSAGE_SIZE',
    7: 'UNKNOWN_GID',
    8: 'UNKNOWN_OID',
    9: 'READ_ONLY',
    10: 'UCI_MESSAGE_RETRY',
    11: 'UNKNOWN',
    12: 'NOT_APPLICABLE',
    17: 'ERROR_SESSION_NOT_EXIST',
    18: 'ERROR_SESSION_DUPLICATE',
    19: 'ERROR_SESSION_ACTIVE',
    20: 'ERROR_MAX_SESSIONS_EXCEEDED',
    21: 'ERROR_SESSION_NOT_CONFIGURED',
    22: 'ERROR_ACTIVE_SESSIONS_ONGOING',
    23: 'ERROR_MULTICAST_LIST_FULL',
    26: 'ERROR_UWB_INITIATION_TIME_TOO_OLD',
    27: 'OK_NEGATIVE_DISTANCE_REPORT',
    32: 'RANGING_TX_FAILED',
    33: 'RANGING_RX_TIMEOUT',
    34: 'RANGING_RX_PHY_DEC_FAILED',
    35: 'RANGING_RX_PHY_TOA_FAILED',
    36: 'RANGING_RX_PHY_STS_FAILED',
    37: 'RANGING_RX_MAC_DEC_FAILED',
    38: 'RANGING_RX_MAC_IE_DEC_FAILED',
    39: 'RANGING_RX_MAC_IE_MISSING',
    40: 'ERROR_ROUND_INDEX_NOT_ACTIVATED',
    41: 'ERROR_NUMBER_OF_ACTIVE_RANGING_ROUNDS_EXCEEDED',
    42: 'ERROR_DL_TDOA_DEVICE_ADDRESS_NOT_MATCHING_IN_REPLY_TIME_LIST',
    80: 'ERROR_CCC_SE_BUSY',
    81: 'ERROR_CCC_LIFECYCLE',
    82: 'ERROR_STOPPED_DUE_TO_OTHER_SESSION_CONFLICT',
    83: 'REGULATION_UWB_OFF'
  },
  'STATUS'
)

export const multicastStatusName = byCode(
  {
    0: 'OK_MULTICAST_LIST_UPDATE',
    1: 'ERROR_MULTICAST_LIST_FULL',
    2: 'ERROR_KEY_FETCH_FAIL',
    3: 'ERROR_SUB_SESSION_ID_NOT_FOUND',
    4: 'ERROR_SUB_SESSION_KEY_NOT_FOUND',
    5: 'ERROR_SUB_SESSION_KEY_NOT_APPLICABLE',
    6: 'ERROR_SESSION_KEY_NOT_FOUND',
    7: 'ERROR_ADDRESS_NOT_FOUND',
    8: 'ERROR_ADDRESS_ALREADY_PRESENT'
  },
  'STATUS'
)

export const dataTransferStatusName = byCode(
  {
    0: 'REPETITION_OK',
    1: 'OK',
    2: 'ERROR_DATA_TRANSFER',
    3: 'ERROR_NO_CREDIT_AVAILABLE',
    4: 'ERROR_REJECTED',
    5: 'SESSION_TYPE_NOT_SUPPORTED',
    6: 'ERROR_DATA_TRANSFER_IS_ONGOING',
    7: 'INVALID_FORMAT'
  },
  'STATUS'
)

export const DEVICE_ERROR = 0xff
export const deviceStateName = byCode({ 1: 'ready', 2: 'active', 255: 'error' }, 'state')
export const sessionStateName = byCode({ 0: 'init', 1: 'deinit', 2: 'active', 3: 'idle' }, 'state')

export const reasonName = byCode(
  {
    0: 'STATE_CHANGE_WITH_SESSION_MANAGEMENT_COMMANDS',
    1: 'MAX_RANGING_ROUND_RETRY_COUNT_REACHED',
    2: 'MAX_NUMBER_OF_MEASUREMENTS_REACHED',
    3: 'SESSION_SUSPENDED_DUE_TO_INBAND_SIGNAL',
    4: 'SESSION_RESUMED_DUE_TO_INBAND_SIGNAL',
    5: 'SESSION_STOPPED_DUE_TO_INBAND_SIGNAL',
    32: 'ERROR_SLOT_LENGTH_NOT_SUPPORTED',
    33: 'ERROR_INSUFFICIENT_SLOTS_PER_RR',
    34: 'ERROR_MAC_ADDRESS_MODE_NOT_SUPPORTED',
    35: 'ERROR_INVALID_RANGING_DURATION',
    36: 'ERROR_INVALID_STS_CONFIG',
    37: 'ERROR_INVALID_RFRAME_CONFIG'
  },
  'REASON'
)
