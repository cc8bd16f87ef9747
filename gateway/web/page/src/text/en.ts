import { formatCount } from './format.ts'

const plural = (count: number, one: string, many: string): string => `${formatCount(count)} ${count === 1 ? one : many}`

/** Everything the page says, in English. Its type is the catalogue that another language must fill. */
export const en = {
  product: 'Tagward',
  connecting: 'Connecting to the gateway …',
  link: { live: 'Live', connecting: 'Connecting', lost: 'Not connected' },

  clockQuality: {
    synchronised: 'Clock synchronised',
    'free-running': 'Clock not synchronised',
    unset: 'Clock not set'
  },
  clockQualityHint: {
    synchronised: 'A time service vouches for the clock.',
    'free-running': 'The clock was set once and runs on by itself. Times may be off; order and ages are not affected.',
    unset: 'The clock shows a time before this program was built. Times are wrong; order and ages are not affected.'
  },

  banner: {
    lostTitle: 'No connection to the gateway',
    lostText: (age: string) => `What you see is ${age} old. The gateway may be working all the same; this page tries again by itself.`,
    fullTitle: 'Disk full: new events are not being stored',
    fullText:
      'Alarms still have reserved space. The gateway makes room by its retention rules, tells what it must drop as a data gap, and recovers by itself. Free space on the disk of the log, or give it a larger one.',
    failingTitle: 'The log cannot be written',
    failingText:
      'Events are held in memory only and would be lost with power. The gateway goes on trying by itself. Check the disk: is it connected, mounted, writable?',
    reason: (text: string) => `Reason: ${text}`,
    freeSpace: (bytes: string) => `Free on this disk: ${bytes}`,
    problemTitle: 'The configuration needs attention',
    clockTitle: 'The clock of the gateway is not set',
    dangerTitle: (count: number) => plural(count, 'person may be in danger', 'people may be in danger'),
    show: (label: string) => `Show ${label} on the plan`
  },

  alert: {
    sos: 'SOS',
    fall: 'Fall',
    impact: 'Impact',
    motionless: 'Motionless',
    'helmet-off': 'Helmet off',
    gas: 'Gas',
    tamper: 'Tamper',
    'low-battery': 'Low battery',
    button: 'Button',
    fault: 'Fault'
  },
  for: (age: string) => `for ${age}`,
  ago: (age: string) => `${age} ago`,

  tiles: {
    title: 'At a glance',
    tags: 'Tags heard',
    tagsNote: (silent: number) => (silent === 0 ? 'none silent' : `${formatCount(silent)} silent`),
    noTags: 'no tag heard yet',
    sources: 'Sources up',
    sourcesOf: (up: number, all: number) => `${formatCount(up)} / ${formatCount(all)}`,
    sourcesGood: 'all well',
    sourcesBad: (names: string) => `look at ${names}`,
    noSources: 'none configured',
    kafka: 'Kafka',
    log: 'Log'
  },

  plan: {
    title: 'Plan',
    frames: 'What to show',
    earth: 'GNSS',
    noName: 'Other positions',
    empty: 'No tag with a position yet. Tags appear here with their first fix.',
    unplaced: (count: number) => `${plural(count, 'tag is', 'tags are')} heard without a position`,
    metres: (length: string) => `${length} m`,
    description: (rooms: number, tags: number) => `Floor plan with ${plural(rooms, 'room', 'rooms')} and ${plural(tags, 'tag', 'tags')}`,
    anchor: (id: string) => `Anchor ${id}`,
    outside: 'outside the plan',
    silentFor: (age: string) => `silent ${age}`,
    seen: (age: string) => `heard ${age} ago`,
    legend: 'Legend',
    legendTag: 'Tag',
    legendSilent: 'Silent tag',
    legendAnchor: 'Anchor',
    legendDanger: 'In danger'
  },

  tag: {
    title: 'Tag',
    id: 'Id',
    source: 'Source',
    position: 'Position',
    battery: 'Battery',
    heard: 'Last heard',
    fix: 'Last fix',
    alerts: 'Alerts',
    none: 'none',
    unknown: 'not known',
    xy: (x: string, y: string) => `x ${x} m, y ${y} m`,
    percent: (value: string) => `${value} %`,
    close: 'Close'
  },

  steering: {
    title: 'Simulated worker',
    choose: 'Worker',
    nobody: 'Choose …',
    hint: 'Walk with the arrow keys or these buttons.',
    north: 'Walk up',
    south: 'Walk down',
    west: 'Walk left',
    east: 'Walk right',
    sos: 'SOS',
    drop: 'Drop',
    off: 'Tag off',
    on: 'Tag on',
    sosHint: 'Press the SOS button of the tag',
    dropHint: 'Let the worker fall',
    offHint: 'Switch the tag off',
    onHint: 'Switch the tag on again',
    did: { sos: 'SOS pressed', drop: 'Worker dropped', off: 'Tag switched off', on: 'Tag switched on', walk: 'Walking' },
    failed: (why: string) => `Not done: ${why}`,
    unsupported: 'Not done: this source does not support it',
    unreachable: 'Not done: the gateway did not answer'
  },

  alarms: {
    title: 'Alarms',
    empty: 'Nothing in the alarm lane since the gateway started.',
    cleared: (kind: string) => `${kind} cleared`,
    times: (count: number) => `${formatCount(count)}×`,
    collapsed: (count: number) => `${plural(count, 'alert', 'alerts')} in one: limit per minute reached`,
    SourceLost: 'Source lost',
    SourceRestored: 'Source restored',
    DataGap: 'Data gap',
    DeviceStatus: 'Device',
    online: 'online',
    offline: 'offline',
    gap: (events: number, lane: string) => (events === 0 ? `${lane} lane` : `${plural(events, 'event', 'events')}, ${lane} lane`),
    gapReason: {
      'log-created': 'A new log was begun',
      'log-damaged': 'The log was damaged and set aside',
      'log-restored': 'The log was restored from a copy',
      'log-moved': 'The log was moved to other hardware',
      'gateway-changed': 'The gateway goes by another id or site',
      'evicted-by-age': 'Older than the log keeps',
      'evicted-by-size': 'Removed to keep the log within its size',
      'evicted-by-full-disk': 'Removed because the disk is full',
      'never-acceptable': 'Kafka will never take it; set aside',
      'dropped-overload': 'Dropped: more came than could be taken',
      'dropped-storage-failed': 'Dropped: the log could not be written',
      'block-damaged': 'A block of the log is damaged'
    }
  },

  sources: {
    title: 'Sources',
    empty: 'No source is configured.',
    health: { starting: 'Starting', up: 'Up', degraded: 'Degraded', down: 'Down', disabled: 'Disabled' },
    frames: 'Frames',
    rate: (perSecond: string) => `${perSecond}/s`,
    readings: 'Readings',
    errors: 'Errors',
    dropped: 'Dropped',
    ignored: 'Ignored',
    incomplete: 'Incomplete',
    discarded: 'Discarded',
    received: 'Received',
    more: 'More counters',
    perSecond: 'Now',
    lastError: (age: string) => `Last error, ${age} ago`,
    present: (age: string) => `Since ${age}`,
    driverOf: (driver: string, protocol: string | null) => (protocol === null ? driver : `${driver}, ${protocol}`)
  },

  delivery: {
    title: 'Delivery to Kafka',
    notConfigured: 'Not configured',
    notConfiguredText: 'Events are kept in the log of this gateway.',
    unknown: 'Connecting',
    unknownText: 'Events wait in the log until Kafka takes them.',
    reachable: 'Reachable',
    reachableText: 'Events leave as they come.',
    unreachable: 'Not reachable',
    unreachableText: 'Events wait in the log; the gateway tries again by itself.',
    lastError: 'Last error',
    lanes: 'Lanes',
    lane: { alarm: 'Alarm', telemetry: 'Telemetry' },
    backlog: 'Backlog',
    oldest: 'Oldest',
    unsaved: 'Not yet on disk',
    last: 'Last number',
    noAge: '–',
    behind: (count: number) => `${plural(count, 'event', 'events')} to send`,
    sent: 'all sent',
    kept: 'events kept here',
    differences: 'Topics that are not as they should be',
    differencesHint: 'The gateway changes nothing in Kafka that is there already.',
    difference: (setting: string, actual: string, expected: string) => `${setting} is ${actual}, should be ${expected}`,
    setAside: (count: number) =>
      `${plural(count, 'record', 'records')} that Kafka will never take ${count === 1 ? 'is' : 'are'} set aside; a data gap names each.`
  },

  storage: {
    title: 'Log on disk',
    state: { ok: 'Storing', full: 'Disk full', failing: 'Cannot write' },
    commit: (ms: string) => `last commit ${ms} ms`,
    size: 'Size',
    free: 'Free on disk',
    lastCommit: 'Last commit',
    ms: (ms: string) => `${ms} ms`,
    damaged: 'Damaged blocks',
    unknown: 'not known'
  },

  gateway: {
    title: 'Gateway',
    id: 'Gateway',
    site: 'Site',
    epoch: 'Epoch of the log',
    version: 'Version',
    uptime: 'Running for',
    clock: 'Clock'
  }
}

export type Catalogue = typeof en
