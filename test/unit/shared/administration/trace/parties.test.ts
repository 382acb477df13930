import { describe, expect, it } from 'vitest'
import { narrowedStory } from '#shared/administration/trace/parties.ts'
import type { Story } from '#shared/queue/trace/story.ts'

/** One attempt at two recipients, of which a notice was born to the sender. */
const attempted = {
  head: { recipients: ['ann@example.test', 'bob@example.test'], more: 0 },
  groups: [],
  steps: [
    {
      kind: 'attempt',
      event: {
        results: [
          {
            kind: 'failed',
            recipients: [{ address: 'ann@example.test', original: 'ann@example.test' }],
            more: 0,
          },
        ],
        births: [
          { queueId: 'Q', to: 'eve@example.test', what: 'sender non-delivery notification' },
        ],
      },
    },
  ],
  // What it does not look at is left out.
} as unknown as Story

const birthsOf = ({ steps }: Story) =>
  steps.flatMap((step) => (step.kind === 'attempt' ? step.event.births.map(({ to }) => to) : []))

describe('of the notices that were born of an attempt', () => {
  it('a recipient is not told', () => {
    const story = narrowedStory(attempted, (address) => address === 'ann@example.test')
    expect(story.steps).toHaveLength(1)
    expect(birthsOf(story)).toEqual([])
  })

  it('whoever is told of all addresses is', () => {
    expect(birthsOf(narrowedStory(attempted, () => true))).toEqual(['eve@example.test'])
  })
})
