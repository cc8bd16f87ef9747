import { rounded } from './byte-portrait.ts'
import type { Alternative, Finding } from './detection.ts'
import { counted } from './rank-streams.ts'
import type { ShapeEvidence, TopicEvidence } from './topic-panel.ts'
import { mergeFilters } from './topic-shape.ts'

/** Share of the messages of a shape that a protocol must take. */
const LEAST_SHARE = 0.5
const TIE = 0.1
const SHOWN_TAGS = 20
const THIN_MESSAGES = 2
/** How much a usual topic counts, against what is read out of the messages. */
const USUAL_SCORE = 0.5
/** Values in a message beyond which more prove no more. */
const MOST_FIELDS = 10

/**
 * Messages that prove a protocol. On one of its own topics whatever it takes and a tag says; elsewhere a tag with a measured value, since an
 * address alone is in many a JSON object.
 */
const proofs = (evidence: TopicEvidence): number => (isThin(evidence) ? 0 : provingMessages(evidence))

/** Bytes without a checksum, on a topic that says nothing: one message alone may be chance. */
function isThin({ codec, tally, usual }: TopicEvidence): boolean {
  if (usual || codec.encoding === 'text' || codec.serialHabits?.checksumBits !== undefined) return false
  return tally.solidFrames < THIN_MESSAGES
}

const provingMessages = ({ tally, usual }: TopicEvidence): number =>
  usual ? tally.solidFrames + tally.slightFrames : Math.min(tally.solidFrames, tally.tagFrames)

const shareOf = ({ tally, judged }: TopicEvidence): number => tally.frames / Math.max(1, judged)

function scoreOf(evidence: TopicEvidence): number {
  const fields = evidence.tally.fields / Math.max(1, evidence.tally.frames)
  const known = Math.min(1, fields / MOST_FIELDS)
  return shareOf(evidence) * ((evidence.usual ? USUAL_SCORE : 0) + (1 - USUAL_SCORE) * known)
}

/** The protocols that the messages of a shape may be of, the best first. */
function candidates({ evidence }: ShapeEvidence): readonly TopicEvidence[] {
  return evidence.filter((each) => proofs(each) > 0 && shareOf(each) >= LEAST_SHARE).sort((a, b) => scoreOf(b) - scoreOf(a))
}

interface Claim {
  readonly shapes: ShapeEvidence[]
  readonly evidence: TopicEvidence[]
  readonly others: Map<string, Alternative>
}

export interface RankedTopics {
  readonly findings: readonly Finding[]
  readonly possible: readonly Alternative[]
  /** By shape of topic. */
  readonly protocols: ReadonlyMap<string, string>
}

/** Gives each shape of topics to the protocol that knows most about its messages, and gathers them by protocol. */
export function rankTopics(shapes: readonly ShapeEvidence[]): RankedTopics {
  const claims = new Map<string, Claim>()
  const protocols = new Map<string, string>()
  for (const shape of shapes) {
    const [best, ...others] = candidates(shape)
    if (best === undefined) continue
    const { protocol } = best.codec
    const claim: Claim = claims.get(protocol) ?? { shapes: [], evidence: [], others: new Map() }
    claims.set(protocol, claim)
    claim.shapes.push(shape)
    claim.evidence.push(best)
    protocols.set(shape.shape, protocol)
    for (const other of others) claim.others.set(other.codec.protocol, otherOf(best, other, shape))
  }
  const proved = [...claims.values()].filter(({ evidence }) => evidence.some(({ tally }) => tally.tagFrames > 0))
  const slight = [...claims.values()].filter((claim) => !proved.includes(claim))
  return {
    findings: proved.map(findingOf).sort((a, b) => b.frames - a.frames),
    possible: slight.flatMap(({ evidence, shapes: of }) =>
      evidence.slice(0, 1).map((each) => ({
        ...otherOf(each, each, of[0]),
        tie: false,
        why: `takes ${messagesOf(each)} on ${of[0]?.shape ?? ''}, in which there is no tag`
      }))
    ),
    protocols
  }
}

const messagesOf = ({ tally }: TopicEvidence): string => counted(tally.frames, 'message')

function otherOf(best: TopicEvidence, other: TopicEvidence, shape: ShapeEvidence | undefined): Alternative {
  const tie = other !== best && other.usual === best.usual && scoreOf(other) >= scoreOf(best) * (1 - TIE)
  const why = tie ? 'as many values as' : other.usual === best.usual ? 'but reads fewer values than' : 'but the topic is a usual one of'
  return {
    protocol: other.codec.protocol,
    title: other.codec.title,
    score: rounded(scoreOf(other)),
    tie,
    why: `takes ${messagesOf(other)} on ${shape?.shape ?? ''}, ${why} ${best.codec.protocol}`
  }
}

function findingOf({ shapes, evidence, others }: Claim): Finding {
  const [first] = evidence
  if (first === undefined) throw new TypeError('a claim without evidence')
  const { codec } = first
  const messages = shapes.reduce((sum, shape) => sum + shape.messages, 0)
  const judged = evidence.reduce((sum, each) => sum + each.judged, 0)
  const frames = evidence.reduce((sum, { tally }) => sum + tally.frames, 0)
  const tags = new Set(evidence.flatMap(({ tally }) => [...tally.tags]))
  const encrypted = new Set(evidence.flatMap(({ tally }) => [...tally.encryptedTags]))
  const kinds = new Map<string, number>()
  for (const { tally } of evidence) for (const [kind, count] of tally.kinds) kinds.set(kind, (kinds.get(kind) ?? 0) + count)
  const named = shapes.filter(({ shape }) => shape !== '')
  const share = frames / Math.max(1, judged)
  return {
    protocol: codec.protocol,
    title: codec.title,
    ...(named.length === 0 ? {} : { topics: mergeFilters(evidence.flatMap(({ filters }) => [...filters])) }),
    frames,
    damagedFrames: evidence.reduce((sum, { tally }) => sum + tally.refused, 0),
    kinds: Object.fromEntries([...kinds].sort(([, a], [, b]) => b - a)),
    tagCount: tags.size,
    tags: [...tags].slice(0, SHOWN_TAGS),
    explainedShare: rounded(share),
    score: rounded(Math.max(...evidence.map(scoreOf))),
    why: `takes ${Math.floor(share * 100)} % of ${counted(messages, 'message')}${evidence.some(({ usual }) => usual) ? ', on topics that are usual for it' : ''}`,
    alternatives: [...others.values()].sort((a, b) => b.score - a.score),
    keysNeededFor: [...encrypted].slice(0, SHOWN_TAGS)
  }
}
