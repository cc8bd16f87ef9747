import type { Topology } from './topology.ts'

/** The topology as a Mermaid flowchart: events as rounded nodes, processors as boxes. */
export function mermaid({ processors, inputs }: Topology): string {
  const lines = ['flowchart LR']
  const events = new Set([...inputs, ...processors.flatMap((each) => [...each.in, ...each.out])])
  for (const type of events) lines.push(`  ${type}([${type}])`)
  for (const { name, title } of processors) lines.push(`  ${nodeOf(name)}["${name}<br/><small>${escaped(title)}</small>"]`)
  for (const { name, in: taken, out } of processors) {
    for (const type of taken) lines.push(`  ${type} --> ${nodeOf(name)}`)
    for (const type of out) lines.push(`  ${nodeOf(name)} --> ${type}`)
  }
  return `${lines.join('\n')}\n`
}

function nodeOf(name: string): string {
  return `p_${name.replaceAll(/\W/g, '_')}`
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
