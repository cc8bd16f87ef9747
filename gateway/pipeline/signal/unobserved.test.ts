import { describe, expect, it } from 'vitest'
import { CEILING_MS, FLOOR_MS, Scenario, TAG, WALL_MS } from './signal-loss-test-support.ts'

/** A site of quick tags that one source hears. */
function crowd(tags: number): Scenario {
  const site = new Scenario()
  for (let second = 0; second <= 601; second += 1) {
    for (let n = 0; n < tags; n += 1) site.hear(`ble:${n}`)
    site.wait(1_000)
  }
  return site
}

describe('a source that dies', () => {
  it('makes its tags unobserved, not lost; each is judged again by its own rhythm when the source is back', () => {
    const site = crowd(20)
    const lastAt = WALL_MS + site.nowMs - 1_000
    site.loseSource()
    expect(site.state('ble:7').status).toBe('unobserved')
    site.wait(3_600_000)
    expect(site.told).toEqual([])
    site.restoreSource()
    const backMs = site.nowMs
    site.wait(1_000)
    for (let n = 0; n < 20; n += 1) if (n !== 7) site.hear(`ble:${n}`)
    site.wait(FLOOR_MS - 1_001)
    expect(site.told).toEqual([])
    site.wait(1)
    expect(site.told).toMatchObject([
      {
        type: 'SignalLost',
        key: 'ble:7',
        atMs: backMs + FLOOR_MS,
        data: { lastHeardAt: lastAt, silentForMs: 3_600_000 + 1_000 + FLOOR_MS }
      }
    ])
  })

  it('changes nothing for tags that it does not hear', () => {
    const site = new Scenario()
    site.learn(1_000)
    site.loseSource('yard')
    site.wait(FLOOR_MS)
    expect(site.names()).toEqual([`SignalLost ${TAG}`])
  })

  it('leaves observed who is heard by another living source as well: silence there is told, by the ceiling at the latest', () => {
    const site = new Scenario()
    for (let n = 0; n < 601; n += 1) {
      site.hear(TAG, {}, 'hall')
      site.hear(TAG, {}, 'yard')
      site.wait(1_000)
    }
    const lastMs = site.nowMs - 1_000
    site.loseSource('hall')
    site.wait(lastMs + CEILING_MS - 1 - site.nowMs)
    expect(site.told).toEqual([])
    site.wait(1)
    expect(site.told).toHaveLength(1)
  })

  it('leaves observed who is heard seldom by the other: its own rhythm there counts', () => {
    const site = new Scenario()
    for (let n = 0; n < 900; n += 1) {
      site.hear(TAG, {}, 'hall')
      if (n % 15 === 0) site.hear(TAG, {}, 'yard')
      site.wait(1_000)
    }
    site.loseSource('hall')
    site.hear(TAG, {}, 'yard')
    site.wait(45_000)
    site.hear(TAG, {}, 'yard')
    expect(site.told).toEqual([])
    site.wait(CEILING_MS)
    expect(site.told).toHaveLength(1)
  })

  it('makes unobserved who was heard by the other before, and has left it', () => {
    const site = new Scenario()
    site.learn(1_000, TAG, 'yard')
    site.hearEvery(1_000, 20_000, TAG, {}, 'hall')
    site.loseSource('hall')
    site.wait(3_600_000)
    expect(site.told).toEqual([])
  })

  it('keeps unobserved whose last frames arrive after its death, with their own time', () => {
    const site = new Scenario()
    site.learn(1_000)
    site.loseSource()
    site.wait(2_000)
    site.hear()
    const lastAt = WALL_MS + site.nowMs
    expect(site.state().status).toBe('unobserved')
    site.wait(3_600_000)
    expect(site.told).toEqual([])
    site.restoreSource()
    site.wait(FLOOR_MS)
    expect(site.told).toMatchObject([{ data: { lastHeardAt: lastAt } }])
  })

  it('leaves observed whose last frame another source brings later', () => {
    const site = new Scenario()
    site.learn(1_000)
    site.loseSource()
    site.wait(1_000)
    site.hear(TAG, {}, 'yard', 1_000)
    expect(site.state().status).toBe('heard')
    site.wait(CEILING_MS)
    expect(site.names()).toEqual([`SignalLost ${TAG}`])
  })

  it('is alive when it goes on hearing, whatever was told', () => {
    const site = new Scenario()
    site.learn(1_000)
    site.loseSource()
    site.hearEvery(1_000, 7_000)
    site.wait(FLOOR_MS)
    expect(site.names()).toEqual([`SignalLost ${TAG}`])
  })

  it('leaves observed who is heard elsewhere meanwhile', () => {
    const site = new Scenario()
    site.learn(1_000)
    site.loseSource()
    site.wait(60_000)
    site.hearEvery(1_000, 60_000, TAG, {}, 'yard')
    expect(site.state().status).toBe('heard')
    site.wait(CEILING_MS)
    expect(site.names()).toEqual([`SignalLost ${TAG}`])
  })

  it('keeps lost who was lost before it died', () => {
    const site = new Scenario()
    site.hear()
    site.wait(CEILING_MS)
    site.loseSource()
    site.wait(1_000)
    site.restoreSource()
    site.wait(CEILING_MS)
    expect(site.names()).toEqual([`SignalLost ${TAG}`])
    site.hear()
    expect(site.names()).toEqual([`SignalLost ${TAG}`, `SignalRestored ${TAG}`])
  })

  it('and is taken out of the configuration leaves nobody to judge its tags', () => {
    const site = new Scenario()
    site.learn(1_000)
    site.loseSource()
    site.restoreSource('hall', 'removed from the configuration or switched off')
    site.wait(3_600_000)
    expect(site.told).toEqual([])
  })

  it('hides no loss by coming and going: the first time is forgiven, after that what was watched adds up to the ceiling', () => {
    const site = new Scenario()
    site.learn(1_000)
    let watchedMs = 0
    for (let n = 0; n < 20; n += 1) {
      site.loseSource()
      site.wait(5_000)
      site.restoreSource()
      site.wait(20_000)
      watchedMs += 20_000
      if (watchedMs < CEILING_MS) expect(site.told).toEqual([])
    }
    expect(site.told).toHaveLength(1)
  })
})

describe('silence that was watched in pieces', () => {
  it('begins anew with every frame', () => {
    const site = new Scenario()
    site.learn(1_000)
    for (let n = 0; n < 10; n += 1) {
      for (const ms of [1_000, 20_000, 5_000]) {
        site.loseSource()
        site.restoreSource()
        site.wait(ms)
      }
      site.hear()
    }
    expect(site.told).toEqual([])
  })

  it('does not count what was watched before the first break, when the source may have been dead already', () => {
    const site = new Scenario()
    site.learn(20_000)
    site.wait(70_000)
    site.loseSource()
    site.wait(60_000)
    site.restoreSource()
    site.wait(79_999)
    expect(site.told).toEqual([])
    site.wait(1)
    expect(site.told).toHaveLength(1)
  })

  it('does not count the time without a living source, also when the gateway is blind in it', () => {
    const site = new Scenario()
    site.learn(1_000)
    site.loseSource()
    site.restoreSource()
    site.wait(10_000)
    site.loseSource()
    site.wait(200_000)
    site.beBlind(10_000)
    site.restoreSource()
    site.wait(FLOOR_MS - 1)
    expect(site.told).toEqual([])
    site.wait(1)
    expect(site.told).toHaveLength(1)
  })
})

describe('a receiver that dies', () => {
  const status = (site: Scenario, device: string, online: boolean, more = {}): void =>
    site.feed('DeviceStatus', device, { device, online, ...more }, 'mqtt')
  const heard = (site: Scenario, receivers: readonly string[]): void => {
    for (let n = 0; n < 610; n += 1) {
      for (const receiver of receivers) site.hear(TAG, { receiver }, 'mqtt')
      site.wait(1_000)
    }
  }

  it('makes unobserved who was heard by it alone, until it is back', () => {
    const site = new Scenario()
    heard(site, ['gw1'])
    status(site, 'mqtt:gw1', false)
    site.wait(3_600_000)
    expect(site.told).toEqual([])
    status(site, 'mqtt:gw1', true)
    site.wait(FLOOR_MS - 1)
    expect(site.told).toEqual([])
    site.wait(1)
    expect(site.told).toHaveLength(1)
  })

  it('leaves observed who is heard by another, and who another one alone hears', () => {
    for (const receivers of [['gw1', 'gw2'], ['gw2']]) {
      const site = new Scenario()
      heard(site, receivers)
      status(site, 'mqtt:gw1', false)
      site.wait(CEILING_MS)
      expect(site.told).toHaveLength(1)
    }
  })

  it('stays dead when its source dies and comes back', () => {
    const site = new Scenario()
    heard(site, ['gw1'])
    status(site, 'mqtt:gw1', false)
    site.loseSource('mqtt')
    site.restoreSource('mqtt')
    site.wait(3_600_000)
    expect(site.told).toEqual([])
  })

  it('is dead by live word only, and the word repeated is nothing new', () => {
    const site = new Scenario()
    heard(site, ['gw1'])
    status(site, 'mqtt:gw1', true)
    status(site, 'mqtt:gw1', false, { stale: true })
    site.feed('DeviceStatus', 'mqtt:gw1', { device: 'mqtt:gw1' }, 'mqtt')
    expect(site.receiverChanges).toBe(0)
    for (const online of [false, false, true, true]) status(site, 'mqtt:gw1', online)
    expect(site.receiverChanges).toBe(2)
    status(site, 'mqtt:gw1', false, { stale: true })
    site.wait(CEILING_MS)
    expect(site.told).toHaveLength(1)
  })
})

describe('a gateway that was blind', () => {
  it('loses nobody for that time: each tag has its whole allowance once more', () => {
    for (const blindMs of [3_000, 60_000, 7 * 86_400_000]) {
      const site = crowd(5)
      site.wait(FLOOR_MS - 1_001)
      site.beBlind(blindMs)
      site.wait(FLOOR_MS - 1)
      expect(site.told).toEqual([])
      site.hear('ble:0')
      site.wait(1)
      expect(site.names()).toEqual([1, 2, 3, 4].map((n) => `SignalLost ble:${n}`))
    }
  })

  it('tells whoever stays silent, with the time when it was really heard last', () => {
    const site = new Scenario()
    site.learn(1_000)
    const lastMs = site.nowMs
    site.wait(10_000)
    site.beBlind(3_600_000)
    site.wait(FLOOR_MS)
    expect(site.told).toMatchObject([
      { time: WALL_MS + site.nowMs, data: { lastHeardAt: WALL_MS + lastMs, silentForMs: 10_000 + 3_600_000 + FLOOR_MS } }
    ])
  })

  it('hides no loss by being blind again and again', () => {
    const site = new Scenario()
    site.learn(1_000)
    for (let n = 0; n < 10; n += 1) {
      site.wait(20_000)
      site.beBlind(3_000)
    }
    expect(site.told).toHaveLength(1)
  })

  it('judges nobody whose source is dead as well', () => {
    const site = new Scenario()
    site.learn(1_000)
    site.loseSource()
    site.beBlind(60_000)
    site.wait(3_600_000)
    expect(site.told).toEqual([])
  })

  it('tells no loss twice', () => {
    const site = new Scenario()
    site.learn(1_000)
    site.wait(FLOOR_MS)
    site.beBlind(60_000)
    site.wait(3_600_000)
    expect(site.told).toHaveLength(1)
  })
})
