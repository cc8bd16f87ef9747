import { ERROR_CODES, type ErrorEntry } from '../errors.ts'

/** Text of docs/errors.md. */
export function errorsPage(codes: Readonly<Record<string, ErrorEntry>> = ERROR_CODES): string {
  const rows = Object.entries(codes)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([code, { title, blame, remedy }]) => `| \`${code}\` | ${title} | ${blame} | ${remedy} |`)
  return `# Error codes

<!-- Written by scripts/generate.mjs from gateway/errors.ts; do not edit. -->

Messages, the page, the program's log and events name failures by these codes. *Who* says who can do something about it:
the installer (configuration, rights), the site (device, cable, disk, network), or the program (a defect: please report it).
Failures of Kafka keep Kafka's own names, such as \`TOPIC_AUTHORIZATION_FAILED\`.

| Code | What has happened | Who | What to do |
| --- | --- | --- | --- |
${rows.join('\n')}
`
}
