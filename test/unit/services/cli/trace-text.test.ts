import { describe, expect, it } from 'vitest'
import { traceLines } from '#services/cli/trace-json.ts'
import { listText, storyText } from '#services/cli/trace-text.ts'
import { recordOf } from '#services/policy/records/recorder.ts'
import type { QueueId } from '#shared/mail/queue-id.ts'
import { queueIdTime } from '#shared/mail/queue-id.ts'
import type { Story, StoryStep } from '#shared/queue/trace/story.ts'
import type { TrailEvent } from '#shared/queue/trace/trail.ts'
import { printable } from '#shared/runtime/printable.ts'
import { decidedRecipient, refused } from '#test/support/decisions.ts'
import { origin } from '#test/support/pipeline.ts'

const arrivedMs = Date.UTC(2026, 10, 20, 6, 41, 51)
const queueId = `${queueIdTime(arrivedMs - 200)}ABCDEFGH` as QueueId
const facts = { nowMs: arrivedMs + 2 * 3_600_000, hostname: 'mx.here.test', width: 100 }

const event = (given: Partial<TrailEvent>): StoryStep => ({
  kind: 'attempt',
  to: { kind: 'remote', slot: 'away.test' },
  event: {
    atMs: arrivedMs + 1_800,
    tookMs: 1_500,
    connectMs: 500,
    relay: 'mx.away.test[192.0.2.9]:25',
    tls: null,
    sessionUse: 1,
    results: [],
    nextMs: null,
    births: [],
    ...given,
  },
})

const greylisted = {
  kind: 'deferred',
  status: '4.2.0',
  reply: 'host mx.away.test[192.0.2.9] said: 450 4.2.0 try again later',
  recipients: [{ address: 'x@away.test', original: 'team@here.test' }],
  more: 0,
} as const

const story: Story = {
  head: {
    queueId,
    sender: 'ann@here.test',
    recipients: ['team@here.test'],
    more: 0,
    origin: { ...origin({ id: 'a', login: 'ann@here.test' }), listener: 'submission' },
    bytes: 2_048,
    messageId: '<1@here.test>',
    arrivedMs,
    junk: false,
    filter: null,
    bornOf: null,
  },
  now: { kind: 'queued', state: 'split', reason: null },
  steps: [
    event({
      relay: 'local',
      connectMs: 0,
      tookMs: 20,
      atMs: arrivedMs + 40,
      results: [
        {
          kind: 'delivered',
          status: '2.0.0',
          reply: 'uid 7 in INBOX',
          recipients: [{ address: 'bob@here.test', original: 'team@here.test' }],
          more: 0,
        },
      ],
    }),
    event({
      tls: 'Trusted TLS connection: TLSv1.3',
      results: [greylisted],
      nextMs: arrivedMs + 300_000,
    }),
    event({ atMs: arrivedMs + 301_000, results: [greylisted] }),
    event({ atMs: arrivedMs + 900_000, results: [greylisted] }),
    {
      kind: 'deed',
      deed: { atMs: arrivedMs + 3_600_000, kind: 'held', reason: 'looks odd', recipients: [] },
    },
  ],
  omitted: 0,
  groups: [
    {
      queueId,
      name: 'away.test/0',
      state: 'deferred',
      destination: { kind: 'remote', slot: 'away.test' },
      recipients: [
        {
          address: 'x@away.test',
          original: 'team@here.test',
          accountId: null,
          extension: null,
          notify: [],
          originalRecipient: null,
          last: { ...greylisted, remoteMta: null, atMs: arrivedMs, attempts: 3 },
        },
      ],
      attempts: 3,
      dueMs: facts.nowMs + 240_000,
      leaseUntilMs: 0,
      unsettled: 0,
      split: null,
      unreserved: false,
    },
  ],
  isCut: false,
}

describe('the story of a message', () => {
  it('says what it is, how it is now and what comes next, then what happened', () => {
    const lines = storyText({ kind: 'one', queueId, story, decisions: [] }, facts)
    expect(lines.join('\n')).toMatchInlineSnapshot(`
      "queue id    01M7VV18PGABCDEFGH  2.0 KB
      message-id  <1@here.test>
      from        ann@here.test
      to          team@here.test
      came        2026-11-20T06:41:51Z, 2h ago, from client.test [192.0.2.1] as ann@here.test by
                  submission, no TLS
      now         waits: 1 recipient, next try 2026-11-20T08:45:51Z, in 4m

      11-20 06:41:51Z  +0.0s delivered bob@here.test (of team@here.test) by local, dsn 2.0.0, delays
                                       0.2/0.02/0/0.02
                                       uid 7 in INBOX
      11-20 06:41:52Z  +1.8s deferred  x@away.test (of team@here.test) by mx.away.test[192.0.2.9]:25, dsn
                                       4.2.0, delays 0.2/0.3/0.5/1
                                       host mx.away.test[192.0.2.9] said: 450 4.2.0 try again later
                                       TLS: Trusted TLS connection: TLSv1.3
                                       next try 2026-11-20T06:46:51Z
                                       2 further attempts alike, the last 2026-11-20T06:56:51Z
      11-20 07:41:51Z   +60m held      looks odd

      delivered  bob@here.test (of team@here.test)  2.0.0
      deferred   x@away.test (of team@here.test)    4.2.0"
    `)
  })

  it('fits on one screen however often nothing came of it', () => {
    const steps = Array.from({ length: 40 }, (_, n) =>
      event({ atMs: arrivedMs + n * 600_000, results: [greylisted] }),
    )
    const lines = storyText(
      { kind: 'one', queueId, story: { ...story, steps }, decisions: [] },
      facts,
    )
    expect(lines.length).toBeLessThan(20)
    expect(lines.join('\n')).toContain('39 further attempts alike')
  })

  it('names some of very many recipients, and how many there are', () => {
    const recipients = Array.from({ length: 500 }, (_, n) => {
      return { address: `r${n}@away.test`, original: `r${n}@away.test` }
    })
    const steps = [event({ results: [{ ...greylisted, kind: 'delivered', recipients }] })]
    const lines = storyText(
      { kind: 'one', queueId, story: { ...story, steps, groups: [] }, decisions: [] },
      facts,
    )
    expect(lines.length).toBeLessThan(40)
    expect(lines.at(-1)).toBe('and 480 further recipients: 500 delivered')
  })

  it('of refused mail says who refused it', () => {
    const said = {
      reject_rbl_client: { kind: 'reject', reply: { code: 554, status: '5.7.1', text: 'listed' } },
    } as const
    const record = recordOf(decidedRecipient({ queueId, said, verdict: refused }), arrivedMs)
    const lines = storyText({ kind: 'one', queueId, story: undefined, decisions: [record] }, facts)
    const text = lines.join('\n')
    expect(text).toContain('nothing of it is in the queue')
    expect(text).toContain(`postwolke policy explain ${queueId}`)
  })

  it('is one JSON object a line, in order, with the fields of the log', () => {
    const lines = traceLines({ kind: 'one', queueId, story, decisions: [] })
    expect(lines.map(({ message }) => message)).toEqual([
      'message accepted',
      'delivered',
      'deferred',
      'deferred',
      'deferred',
      'message held',
      'message waits',
    ])
    expect(lines[2]).toMatchObject({
      queueId,
      relay: 'mx.away.test[192.0.2.9]:25',
      delays: '0.2/0.3/0.5/1',
      dsn: '4.2.0',
      next: '2026-11-20T06:46:51Z',
    })
    expect(lines.at(-1)).toMatchObject({
      results: [
        { to: 'bob@here.test', status: 'delivered' },
        { to: 'x@away.test', status: 'deferred' },
      ],
    })
  })

  it('breaks no line and moves no cursor, whatever others say', () => {
    const hostile = [
      '\x1b[2J\x07',
      'a\r\nb',
      '\u202e\u2028',
      'x'.repeat(5_000),
      '\0',
      '\ud800',
      '%s %d',
      ' '.repeat(300),
    ]
    let seed = 7
    const any = (): string => {
      seed = (seed * 48_271) % 2_147_483_647
      const parts = [hostile[seed % hostile.length], String.fromCharCode(seed % 0xffff)]
      return parts.join('')
    }
    for (let round = 0; round < 200; round++) {
      const recipients = [{ address: any(), original: any() }]
      const results = [{ ...greylisted, status: '4.0.0', reply: any(), recipients }] as const
      const odd: Story = {
        ...story,
        head: {
          ...story.head,
          sender: any(),
          recipients: [any(), any()],
          messageId: any(),
          filter: any(),
          origin: { ...story.head.origin, helo: any(), account: { id: any(), login: any() } },
        },
        steps: [
          event({
            results,
            relay: any(),
            tls: any(),
            births: [{ queueId, to: any(), what: any() }],
          }),
          { kind: 'deed', deed: { atMs: 0, kind: 'held', reason: any(), recipients: [any()] } },
        ],
      }
      const one = { kind: 'one', queueId, story: odd, decisions: [] } as const
      const all = { kind: 'several', stories: [odd, story], refusals: [], isCut: true } as const
      for (const lines of [storyText(one, facts), listText(all, facts)]) {
        for (const line of lines) expect(printable(line)).toBe(line)
      }
      for (const line of [...traceLines(one), ...traceLines(all)]) {
        expect(JSON.stringify(line)).not.toMatch(/[\r\n]/)
      }
    }
  })
})
