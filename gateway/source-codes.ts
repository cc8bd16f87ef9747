import type { ErrorEntry } from './errors.ts'

const PORT = 'See the page of the serial driver.'
const BLE = 'See the page of the ble driver.'
const EXTENSION = 'See docs/extending.md; `tagward extensions` shows what is loaded and what is wrong.'
const TRIED_AGAIN = 'It is tried again by itself.'
const NOISE = 'Check protocol, baud rate and wiring of the source.'

/** Codes of sources, drivers and codecs: those layers cannot import this one, so they write them as literals. */
export const SOURCE_CODES = {
  DRIVER_EXCEPTION: {
    title: 'A driver threw something it had not declared',
    blame: 'program',
    remedy: `A defect of the driver: please report it. ${TRIED_AGAIN}`
  },
  EXTENSION_NOT_FOUND: {
    title: 'An extension is not where the configuration says',
    blame: 'installer',
    remedy: `Correct the entry of \`extensions\`, or install the package. ${EXTENSION}`
  },
  EXTENSION_UNSAFE: {
    title: 'Everybody on the machine could write an extension',
    blame: 'installer',
    remedy: 'Take the right away as the message says: what stands there runs with all rights of the gateway.'
  },
  EXTENSION_LOAD_FAILED: {
    title: 'An extension could not be loaded',
    blame: 'installer',
    remedy: `The message has the place in the file. The gateway runs without it. ${EXTENSION}`
  },
  EXTENSION_API: {
    title: 'An extension is written for another version of the API',
    blame: 'installer',
    remedy: 'Install a version of it that fits this gateway.'
  },
  EXTENSION_INVALID: {
    title: 'What an extension gives is no driver or codec as the API wants it',
    blame: 'installer',
    remedy: `Correct what the message names, or tell its author. ${EXTENSION}`
  },
  EXTENSION_CLASH: {
    title: 'A name of an extension is taken already',
    blame: 'installer',
    remedy: 'Rename it there, or remove one of the two extensions. Names of Tagward itself cannot be taken.'
  },
  EXTENSION_UNAVAILABLE: {
    title: 'A source needs an extension that could not be loaded',
    blame: 'installer',
    remedy: `Mend the extension: the source starts as soon as its file is good. ${EXTENSION}`
  },
  EXTENSION_DEFECT: {
    title: 'The code of an extension threw, or gave what makes no sense',
    blame: 'program',
    remedy: `A defect of the extension: please report it to its author. ${TRIED_AGAIN}`
  },
  EXTENSION_HANGS: {
    title: 'The code of an extension did not come to an end and was broken off',
    blame: 'program',
    remedy: `A defect of the extension: please report it to its author. ${TRIED_AGAIN}`
  },
  RECORDING_UNREADABLE: {
    title: 'A recording cannot be read',
    blame: 'installer',
    remedy: `Check that the file exists and that the gateway's user may read it. ${TRIED_AGAIN}`
  },
  RECORDING_FOREIGN: {
    title: 'A file that is to be played back is no recording',
    blame: 'installer',
    remedy: 'Name a file that `record` of a source has made.'
  },
  DRIVER_UNKNOWN: {
    title: 'A source names a driver that does not exist',
    blame: 'installer',
    remedy: 'Name one of those that the message lists.'
  },
  SETTINGS_INVALID: { title: 'A driver refuses the settings of its source', blame: 'installer', remedy: 'Correct what the message names.' },
  PROTOCOL_MISSING: {
    title: 'A source has no protocol, and its driver needs one',
    blame: 'installer',
    remedy: 'Add `protocol:` to the source.'
  },
  PROTOCOL_UNKNOWN: {
    title: 'A source names a protocol that does not exist',
    blame: 'installer',
    remedy: '`tagward decode --list` names them.'
  },
  PROTOCOL_NOT_CARRIED: {
    title: 'The driver of a source cannot carry its protocol',
    blame: 'installer',
    remedy: 'Use a driver for the transport that `tagward decode --list` gives for the protocol.'
  },
  PROTOCOL_NOT_STREAM: {
    title: 'The protocol does not travel on a byte stream',
    blame: 'installer',
    remedy: 'Use another driver or protocol.'
  },
  SOURCE_DUPLICATE: { title: 'Two sources have the same name', blame: 'installer', remedy: 'Rename one.' },
  SOURCE_UNKNOWN: { title: 'A command names a source that is not configured', blame: 'installer', remedy: 'Name one that is.' },
  SOURCE_DOWN: {
    title: 'A command was for a source that is not up',
    blame: 'site',
    remedy: 'Look at the health of the source, and repeat.'
  },
  SOURCE_STOPPED: { title: 'A source was stopped while it was starting', blame: 'installer', remedy: 'Nothing: it was meant.' },
  RUN_ENDED: { title: 'A source was stopped before it was up', blame: 'installer', remedy: 'Nothing: it was meant.' },
  START_TIMEOUT: { title: 'A source did not start in time', blame: 'site', remedy: `Check the device and the network. ${TRIED_AGAIN}` },
  LINK_OPEN_FAILED: {
    title: 'A link (serial port, broker, socket) could not be opened',
    blame: 'site',
    remedy: `Check that the device is plugged in and powered, the address right, and access allowed. ${TRIED_AGAIN}`
  },
  LINK_LOST: { title: 'A link that worked has failed', blame: 'site', remedy: `Check cable, power and network. ${TRIED_AGAIN}` },
  LINK_SILENT: {
    title: 'Nothing has come in for longer than the configured limit',
    blame: 'site',
    remedy: 'Check the device, or raise silenceLimitS of the source. The link is opened anew by itself.'
  },
  LINK_TIMEOUT: {
    title: 'The other side of a link does not answer',
    blame: 'site',
    remedy: `Check the other side and the network. ${TRIED_AGAIN}`
  },
  LINK_REFUSED: {
    title: 'The other side refuses or ended the connection',
    blame: 'site',
    remedy: 'The message gives its reason; look into the log of the other side.'
  },
  LINK_RATE_LIMITED: {
    title: 'The other side wants to be asked less often',
    blame: 'installer',
    remedy: `Raise intervalS of the source. ${TRIED_AGAIN}`
  },
  LINK_AUTH_FAILED: {
    title: 'The other side does not take user and password, token or key',
    blame: 'installer',
    remedy: 'Check username and password, token or key of the source.'
  },
  LINK_TLS_FAILED: { title: 'The TLS connection failed', blame: 'installer', remedy: 'Check certificates, host name and clock.' },
  LINK_PROTOCOL: {
    title: 'The other side does not keep to the protocol of the link',
    blame: 'site',
    remedy:
      'Check that address and port are those of what the source expects (an MQTT broker with this protocolVersion, a WebSocket, a web server).'
  },
  SESSION_TAKEN_OVER: {
    title: 'Another client connected with the same client id',
    blame: 'installer',
    remedy: 'Give every gateway and source a clientId of its own.'
  },
  SUBSCRIPTION_REFUSED: {
    title: 'The other side refuses all subscriptions of a source',
    blame: 'installer',
    remedy: 'Check the topics, and that the user has the right to read them.'
  },
  LOG_NOT_CONFIRMING: {
    title: 'The event log has not confirmed messages for long, and the broker still waits for them',
    blame: 'site',
    remedy: 'Check the disk. The broker keeps the messages, and they come again with the next connection.'
  },
  PORT_NOT_FOUND: { title: 'The serial port is not there', blame: 'site', remedy: `Plug it in, or name it otherwise. ${PORT}` },
  PORT_TAKEN: {
    title: 'Another program of this machine listens on the port of a source',
    blame: 'installer',
    remedy: 'Stop it (ss -ulpn and ss -tlpn show it), or give the source another port.'
  },
  PORT_BUSY: { title: 'Another program has the serial port open', blame: 'site', remedy: 'Stop the other program (fuser shows it).' },
  PORT_PERMISSION: {
    title: 'The serial port may not be opened by this user',
    blame: 'installer',
    remedy: `Add the user to the group of the port. ${PORT}`
  },
  PORT_NOT_SERIAL: { title: 'What the source names is no serial port', blame: 'installer', remedy: PORT },
  PORT_SETTINGS: {
    title: 'The serial port does not take its settings',
    blame: 'installer',
    remedy: `Check baud rate and the other line settings. ${PORT}`
  },
  PORT_AMBIGUOUS: {
    title: 'Several ports answer to the name',
    blame: 'installer',
    remedy: 'Add the serial number, or name the port by its path.'
  },
  BLE_UNAVAILABLE: {
    title: 'The system has no Bluetooth that the gateway can use',
    blame: 'site',
    remedy: `Install the drop-in systemd/bluetooth.conf, load the kernel module (modprobe bluetooth), in a container use the host's network. ${BLE}`
  },
  BLE_UNSUPPORTED: {
    title: 'The Bluetooth adapter is too old for Bluetooth LE',
    blame: 'site',
    remedy: 'Use an adapter of Bluetooth 4.0 or later.'
  },
  BLE_ADAPTER_NOT_FOUND: { title: 'The Bluetooth adapter is not there', blame: 'site', remedy: `Plug it in, or name it otherwise. ${BLE}` },
  BLE_ADAPTER_DOWN: {
    title: 'The Bluetooth adapter is switched off',
    blame: 'site',
    remedy: `rfkill unblock bluetooth, then hciconfig hci0 up. ${BLE}`
  },
  BLE_ADAPTER_BUSY: {
    title: 'The Bluetooth adapter is used by somebody else',
    blame: 'installer',
    remedy: `Stop bluetooth.service, or use another adapter. ${BLE}`
  },
  BLE_PERMISSION: {
    title: 'The gateway may not use the Bluetooth adapter',
    blame: 'installer',
    remedy: `Install the drop-in systemd/bluetooth.conf, which gives the service CAP_NET_RAW and CAP_NET_ADMIN. ${BLE}`
  },
  BLE_COMMAND_REFUSED: {
    title: 'The Bluetooth adapter refuses to do what it is told',
    blame: 'site',
    remedy: `Most often bluetoothd scans as well: stop bluetooth.service. ${BLE}`
  },
  BLE_NO_ANSWER: {
    title: 'The Bluetooth adapter hangs',
    blame: 'site',
    remedy: `It is set up anew by itself. If that does not help, unplug it and plug it in. ${BLE}`
  },
  COMMAND_INVALID: { title: 'The values of a command make no sense', blame: 'program', remedy: 'Correct what sent it.' },
  TARGET_UNKNOWN: { title: 'A command is for a tag that the source does not know', blame: 'installer', remedy: 'Check the id of the tag.' },
  TAG_UNREACHABLE: {
    title: 'A command is for a tag to which a source knows no way now',
    blame: 'site',
    remedy:
      'Over UDP the tag must have been heard since the source was started; with the built-in broker it must be connected and subscribed to its topic. Repeat when it is.'
  },
  TAG_OFF: { title: 'The simulated tag is switched off', blame: 'installer', remedy: 'Switch it on first.' },
  SEND_TIMEOUT: { title: 'Nothing confirmed a command in time', blame: 'site', remedy: 'The tag may be out of reach; repeat.' },
  SEND_TOO_MANY: {
    title: 'Too many commands wait for their answers',
    blame: 'site',
    remedy: 'Wait; the oldest are given up by themselves. If it stays so, the tags are out of reach.'
  },
  COMMAND_REFUSED: { title: 'The tag answered that it does not do what it was told', blame: 'site', remedy: 'Its reason is beside it.' },
  SEND_SUPERSEDED: {
    title: 'A newer command asked for the opposite before this one was confirmed',
    blame: 'program',
    remedy: 'Nothing, if it was meant: the newest command counts.'
  },
  OUTPUT_UNKNOWN: {
    title: 'A command is for an output that the source does not have',
    blame: 'installer',
    remedy: 'Name one of the outputs of the source; the message lists them.'
  },
  OUTPUT_REFUSED: {
    title: 'The device refuses to switch an output',
    blame: 'installer',
    remedy: 'Check table and address of the output, and whether the device lets others write.'
  },
  OUTPUT_NO_ANSWER: {
    title: 'The device of an output did not answer in time: the output may be switched or not',
    blame: 'site',
    remedy: 'Check its power, wiring and unit number; repeat.'
  },
  OUTPUT_NOT_CONFIRMED: {
    title: 'An output was written, but what is read back is not the state that was wanted',
    blame: 'site',
    remedy: 'Check the device, its feedback contact and its wiring; raise confirmWithinMs of the output if it is only slow.'
  },
  SEND_ABORTED: { title: 'A command was withdrawn by its sender', blame: 'installer', remedy: 'Nothing: it was meant.' },
  FRAME_FORMAT: { title: 'A frame does not have the form of its protocol', blame: 'site', remedy: NOISE },
  FRAME_LENGTH: { title: 'A frame is shorter or longer than its protocol allows', blame: 'site', remedy: NOISE },
  FRAME_CHECKSUM: {
    title: "A frame's checksum is wrong",
    blame: 'site',
    remedy: 'Noise on the line: check cable, shielding and baud rate.'
  },
  FRAME_CONTEXT: {
    title: 'A frame cannot be read without a fact that it does not carry (topic, address, key)',
    blame: 'installer',
    remedy: 'Give the fact that the message names.'
  },
  VALUE_RANGE: {
    title: 'A well-formed frame carries a value that cannot be',
    blame: 'site',
    remedy: "Check the tag's firmware; the frame is counted and dropped."
  }
} as const satisfies Readonly<Record<string, ErrorEntry>>
