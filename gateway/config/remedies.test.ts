import { describe, expect, it } from 'vitest'
import { DRIVERS } from '../../drivers/catalogue.ts'
import { transportsOf } from '../../firmware-protocols/codec.ts'
import { CODECS } from '../../firmware-protocols/registry.ts'
import { installedConfigSchema } from './installed-schema.ts'
import { parseConfig } from './load-config.ts'
import { formatProblem } from './problem.ts'

const schema = installedConfigSchema()
const KINDS = DRIVERS.map(({ kind }) => kind).join(', ')
const SERIAL_PROTOCOLS = CODECS.filter((codec) => transportsOf(codec).includes('serial'))
  .map(({ protocol }) => protocol)
  .join(', ')

async function told(text: string): Promise<readonly string[]> {
  const result = await parseConfig(text, 'f', { schema, env: { PW: 'geheim' } })
  return result.ok ? [] : result.problems.map((problem) => formatProblem(problem).replace(/^f:\d+:\d+: /, ''))
}

const kafka = (settings: string) => `site: a\nkafka: {${settings}}`
const sasl = (settings: string) => kafka(`brokers: ["k:1"], sasl: {${settings}}`)
const mqtt = (settings: string) => `site: a\nsources:\n  x: {driver: mqtt, protocol: dwm1001-pans-mqtt, ${settings}}`
const link = 'url: "mqtt://h", topics: [a]'
const serial = (settings: string) => `site: a\nsources:\n  x: {driver: serial, protocol: nmea0183, ${settings}}`
const port = 'port: /dev/ttyS0'

/** What installers write, and what each is told: what would be right, in a form that can be written down. */
const CASES: Readonly<Record<string, readonly [text: string, ...told: string[]][]>> = {
  'numbers out of range': [
    ['site: a\nweb: {port: 0}', 'web.port: 0 is too small; write a whole number from 1 to 65535, for example 8080'],
    ['site: a\nweb: {port: 70000}', 'web.port: 70000 is too large; write a whole number from 1 to 65535, for example 8080'],
    ['site: a\nweb: {port: .nan}', 'web.port: NaN is not allowed here; write a whole number from 1 to 65535, for example 8080'],
    [
      mqtt(`${link}, keepaliveS: 1.5`),
      'sources.x.keepaliveS: 1.5 is not allowed here; write a whole number from 5 to 65535, for example 30'
    ],
    [
      'site: a\nlog: {telemetryMaxAgeDays: -1}',
      'log.telemetryMaxAgeDays: -1 is too small; write a number above 0 and of at most 36500, for example 7'
    ],
    [
      'site: a\nlog: {maxBytes: -5}',
      'log.maxBytes: -5 is less than the least possible, 32 MiB; write a number of bytes, or a text with a unit, for example "16 GiB"'
    ],
    [kafka('brokers: ["k:1"], topics: {partitions: 0}'), 'kafka.topics.partitions: 0 is too small; write a whole number from 1 to 10000']
  ],
  'numbers with a unit': [
    [
      serial(`${port}, onOpen: {send: [a], stepGapMs: 10s}`),
      'sources.x.onOpen.stepGapMs: "10s" is not allowed here; write a number from 0 to 60000, for example 1000; the value is in milliseconds: write 10000'
    ],
    [
      serial(`${port}, silenceLimitS: 5 min`),
      'sources.x.silenceLimitS: "5 min" is not allowed here; write a number from 0 to 86400, for example 0; the value is in seconds: write 300'
    ],
    [
      'site: a\nlog: {telemetryMaxAgeDays: 2 weeks}',
      'log.telemetryMaxAgeDays: "2 weeks" is not allowed here; write a number above 0 and of at most 36500, for example 7; the value is in days: write 14'
    ],
    [
      mqtt(`${link}, maxPacketBytes: 1 MiB`),
      'sources.x.maxPacketBytes: "1 MiB" is not allowed here; write a whole number from 1024 to 268435455, for example 1048576; the value is in bytes: write 1048576'
    ],
    [
      'site: a\nsources:\n  x: {driver: simulator, noiseM: 10 cm}',
      'sources.x.noiseM: "10 cm" is not allowed here; write a number from 0 to 10, for example 0.1; the value is in metres: write 0.1'
    ],
    [
      serial(`${port}, baudRate: 9600 baud`),
      'sources.x.baudRate: "9600 baud" is not allowed here; write a whole number from 50 to 4000000, for example 115200, the number alone'
    ],
    ['site: a\nlog: {maxBytes: 16 G}', 'log.maxBytes: "16 G" is not allowed here; write a number of bytes, or a text such as "16 GiB"']
  ],
  'the wrong type': [
    [
      serial(`${port}, baudRate: "9600"`),
      'sources.x.baudRate: "9600" is not allowed here; write a whole number from 50 to 4000000, for example 115200, without quotes'
    ],
    [mqtt(`${link}, clientId: 5`), 'sources.x.clientId: 5 is not allowed here; write a text; put the value in quotes to make it a text'],
    [mqtt(`${link}, enabled: 1`), 'sources.x.enabled: 1 is not allowed here; write true or false; did you mean true?'],
    [mqtt(`${link}, enabled: off`), 'sources.x.enabled: "off" is not allowed here; write true or false; did you mean false?'],
    [mqtt(`${link}, protocolVersion: 5`), 'sources.x.protocolVersion: 5 is not allowed here; write "5", in quotes'],
    [serial(`${port}, stopBits: "1"`), 'sources.x.stopBits: "1" is not allowed here; write 1, without quotes'],
    [
      'site: a\ndataDir: ""',
      'dataDir: the text is empty; write a text, for example "./data" (Directory of the log and the gateway\'s id; a relative path counts from the directory of the configuration file)'
    ],
    [
      'site: “demo”',
      'site: "“demo”" is not allowed here; write 1 to 63 lower-case letters, digits and hyphens, with no hyphen at either end; the quotes are not plain ones: write " or \''
    ]
  ],
  lists: [
    [
      kafka('brokers: []'),
      'kafka.brokers: the list is empty; write a list of at least 1, each item host:port, for example ["kafka.example:9092"] (Where to connect first)'
    ],
    [
      kafka('brokers: k:9092'),
      'kafka.brokers: "k:9092" is not allowed here; write a list of at least 1, each item host:port, for example ["kafka.example:9092"]; each item on a line of its own after a dash and a space, or all in brackets, with commas'
    ],
    [
      'site: a\nkafka:\n  brokers:\n    a:9092\n    b:9092\n',
      'kafka.brokers: "a:9092 b:9092" is not allowed here; write a list of at least 1, each item host:port, for example ["kafka.example:9092"]; each item on a line of its own after a dash and a space, or all in brackets, with commas'
    ],
    [
      mqtt('url: "mqtt://h", topics: []'),
      'sources.x.topics: the list is empty; write a list of at least 1, each item a topic filter, or a section with topic, qos, for example ["dwm/node/+/uplink/#"] (What to subscribe to; a bare filter has QoS 1)'
    ],
    [
      'site: a\nsources:\n  x:\n    driver: mqtt\n    protocol: dwm1001-pans-mqtt\n    url: mqtt://h\n    topics:\n      - #\n',
      'sources.x.topics[0]: no value is not allowed here; write a topic filter, or a section with topic, qos, or remove the line; a # begins a comment, so put a value that starts with it in quotes'
    ],
    [
      '- site: demo',
      'a list is not allowed here; write a section with site, gateway, dataDir, extensions, sources, frames, kafka, log, alerts, web, logging; without dashes or brackets'
    ],
    [
      'site: a\nsources:\n  - driver: simulator',
      'sources: a list is not allowed here; write a section of `name:` entries; without dashes or brackets'
    ]
  ],
  'host:port': [
    [
      kafka('brokers: ["k:99999"]'),
      'kafka.brokers[0]: "k:99999" has a port above 65535; write the port of the broker, from 1 to 65535; 9092 is usual'
    ],
    [
      kafka('brokers: [kafka-1.site]'),
      'kafka.brokers[0]: "kafka-1.site" is not allowed here; write host:port, for example kafka-1.site:9092'
    ],
    [
      kafka('brokers: ["kafka://k:9092"]'),
      'kafka.brokers[0]: "kafka://k:9092" is not allowed here; write host:port alone, without anything like http:// before it'
    ],
    [
      kafka('brokers: ["a:1,b:1"]'),
      'kafka.brokers[0]: "a:1,b:1" is not allowed here; write each broker as an item of its own: ["a:9092", "b:9092"]'
    ],
    [
      kafka('brokers: ["::1:9092"]'),
      'kafka.brokers[0]: "::1:9092" is not allowed here; write host:port, the port from 1 to 65535 (an IPv6 address in brackets)'
    ],
    [
      kafka('brokers: [k: 9092]'),
      'kafka.brokers[0]: a section is not allowed here; write host:port; a colon with a space after it makes a section: remove the space, or put the whole in quotes'
    ],
    [
      'site: a\nweb: {host: "localhost:8080"}',
      'web.host: "localhost:8080" is more than a host name; write the host alone, for example 127.0.0.1, and the port in web.port'
    ]
  ],
  'URLs and paths': [
    [
      mqtt('topics: [a], url: "broker:1883"'),
      'sources.x.url: "broker:1883" is not the URL of a broker; write mqtt://broker:1883, or mqtts://broker:1883 for TLS'
    ],
    [
      mqtt('topics: [a], url: /dev/ttyUSB0'),
      'sources.x.url: "/dev/ttyUSB0" is not the URL of a broker; write mqtt://host:port, mqtts://host:port (TLS), ws://host/path or wss://host/path (WebSocket), for example "mqtt://192.0.2.7:1883"'
    ],
    [
      mqtt('topics: [a], url: "mqtt://h:99999"'),
      'sources.x.url: "mqtt://h:99999" is not the URL of a broker; write a port from 1 to 65535; 1883 is usual, and 8883 with TLS'
    ],
    [mqtt('topics: [a], url: "http://h"'), 'sources.x.url: begins with http://; begin it with mqtt://, mqtts://, ws:// or wss://'],
    [
      mqtt('topics: [a], url: "mqtt://u:geheim@h"'),
      'sources.x.url: must not hold user and password; write them as username and password, beside url'
    ],
    [
      serial('port: ttyUSB0'),
      'sources.x.port: "ttyUSB0" is not the name of a port; write a path such as /dev/serial/by-id/…, usb:VVVV:PPPP or usb:VVVV:PPPP:SERIAL, or tcp://host:port'
    ],
    [
      'site: a\ndataDir: ~/data',
      'dataDir: begins with ~, which means no home directory here; write the whole path, for example /var/lib/tagward'
    ],
    [
      'site: a\ndataDir: "http://x/y"',
      'dataDir: "http://x/y" is a URL; write the path of a directory on this machine, for example /var/lib/tagward'
    ]
  ],
  'values of a list of possible ones': [
    [
      kafka('brokers: ["k:1"], compression: gzp'),
      'kafka.compression: "gzp" is not allowed here; did you mean gzip? write one of: none, gzip'
    ],
    [
      sasl('mechanism: SCRAM-SHA-512, username: u, password: {file: /proc/version}'),
      'kafka.sasl.mechanism: "SCRAM-SHA-512" is not allowed here; did you mean scram-sha-512? write one of: plain, scram-sha-256, scram-sha-512'
    ],
    [
      'site: a\nlogging: {level: warning}',
      'logging.level: "warning" is not allowed here; did you mean warn? write one of: trace, debug, info, warn, error, fatal'
    ],
    ['site: a\nsources:\n  x: {driver: pigeon}', `sources.x.driver: "pigeon" is not allowed here; write one of: ${KINDS}`],
    [
      'site: a\nsources:\n  x: {driver: serial, protocol: nmea, port: COM1}',
      `sources.x.protocol: "nmea" is not allowed here; did you mean nmea0183? write one of: ${SERIAL_PROTOCOLS}`
    ]
  ],
  keys: [
    [
      kafka('broker: ["k:1"]'),
      'kafka.broker: unknown key; did you mean brokers? (known here: brokers, clientId, compression, mode, prefix, sasl, tls, topics)'
    ],
    ['site: a\nbrokers: ["k:1"]', 'brokers: unknown key; it belongs to the section kafka: indent it below `kafka:`'],
    [
      'site: a\nweb:\nport: 80',
      'web: no value is not allowed here; write a section with host, port, or remove the line',
      'port: unknown key; it belongs to the section web: indent it below `web:`'
    ],
    [
      'site: a\nweb:\n  port:80',
      'web: this text is not allowed here; write a section with host, port, each as `port: …` with a colon and a space after the name'
    ],
    ['site: a\nweb: {port:80}', 'web.port…: the space after the colon is missing; write `port: …`'],
    [
      sasl('mechanism: plain, username: u, password:geheim'),
      'kafka.sasl.password…: the space after the colon is missing; write `password: …`'
    ],
    [
      sasl('mechanism: plain, username: u'),
      'kafka.sasl.password: is missing; add `password:` with a reference: $' +
        '{NAME} for an environment variable, or {file: /path/to/it} (Password)'
    ],
    [
      'site: a\nsources:\n  x: {driver: modbus, port: "tcp://h:502", units: [{unit: 1, tag: t, signals: [{name: p, table: input-register, address: 3, means: pressure}]}]}',
      'sources.x.units[0].signals[0].unit: is missing; write one of Pa, hPa, kPa, bar'
    ],
    [
      'site: a\nsources:\n  x: simulator',
      'sources.x: this text is not allowed here; write {driver: simulator}, with the settings that it needs'
    ],
    [
      'site: a\nsources:\n  driver: simulator',
      'sources.driver: this text is not allowed here; write a name of your choice and a colon first, and indent these lines below it'
    ],
    [
      'site: a\nsources:\n  x:',
      `sources.x: no value is not allowed here; write a section with \`driver:\` (${KINDS}) and its settings, or remove the line`
    ],
    [
      'site = demo',
      'this text is not allowed here; write a section with site, gateway, dataDir, extensions, sources, frames, kafka, log, alerts, web, logging, each as `site: …` with a colon and a space after the name'
    ]
  ]
}

describe.each(Object.entries(CASES))('%s', (_, cases) => {
  it.each(cases)('%j', async (text, ...expected) => expect(await told(text)).toEqual(expected))
})

it('tells nothing of a text that stands where a section with a secret should', async () => {
  for (const text of [kafka('brokers: ["k:1"], sasl: password geheim'), sasl('password=geheim'), sasl('{password: geheim}: 1')])
    expect((await told(text)).join('\n')).not.toContain('geheim')
})
