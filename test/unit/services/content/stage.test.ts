import { describe, expect, it } from 'vitest'
import { createContentStage } from '#services/content/stage.ts'
import { ADDED_RECIPIENTS_MAX, BESIDE_BYTES_MAX } from '#services/content/wants.ts'
import type { ContentStep, StepVerdict } from '#shared/contracts/content.ts'
import { edited, HEADER_EDITS_MAX, type HeaderEdit } from '#shared/mail/header-edits.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'
import { contentFacts, contentMessage, FakeStep, stashed, textOf } from '#test/support/content.ts'
import { manualClock } from '#test/support/pipeline.ts'

const text = 'Subject: x\r\nX-Spam: no\r\n\r\nbody\r\n'

function judge(steps: readonly ContentStep[], message = contentMessage(text)) {
  const stage = createContentStage({ steps, clock: manualClock() })
  return stage.begin(contentFacts()).judge(message)
}

const wanting = (verdict: Partial<StepVerdict>) =>
  new FakeStep('one', { kind: 'accept', ...verdict } as StepVerdict)

describe('the content stage', () => {
  it('takes a message that nobody looks at as it is', async () => {
    expect(await judge([])).toEqual({
      kind: 'accept',
      trail: [],
      warnings: [],
      onTop: '',
      beforeStored: '',
      rewriting: undefined,
    })
  })

  it.each(['reject', 'discard'] as const)('ends with the first %s', async (kind) => {
    const reply = { code: 550, status: '5.7.1', text: 'no' } as const
    const last = new FakeStep('last')
    const ending = new FakeStep('ending', { kind, reply, found: 'Eicar' })
    const verdict = await judge([new FakeStep('first'), ending, last])
    expect(verdict).toMatchObject({
      kind,
      step: 'ending',
      trail: [
        { step: 'first', verdict: 'accept' },
        { step: 'ending', verdict: kind, found: 'Eicar' },
      ],
    })
    expect(last.seen).toEqual([])
    expect(last.abandoned).toBe(1)
    expect(ending.abandoned).toBe(0)
  })

  it('abandons every step once when the message is given up, and none that was asked', () => {
    const steps = [new FakeStep('one'), new FakeStep('two')]
    const begun = createContentStage({ steps, clock: manualClock() }).begin(contentFacts())
    begun.abandon()
    begun.abandon()
    expect(steps.map(({ abandoned }) => abandoned)).toEqual([1, 1])
  })

  it('abandons those behind a step that fails', async () => {
    const last = new FakeStep('last')
    const failing = new FakeStep('failing', async () => {
      throw new TemporaryFailure('broken')
    })
    await expect(judge([failing, last])).rejects.toThrow('broken')
    expect(last.abandoned).toBe(1)
  })

  it('does not ask a step that does not look at the message', async () => {
    const absent: ContentStep = { name: 'absent', begin: () => undefined }
    expect((await judge([absent])).trail).toEqual([])
  })

  it('shows each step the message as those before it left it', async () => {
    const second = new FakeStep('second')
    const edits: HeaderEdit[] = [
      { kind: 'remove', name: 'X-Spam', occurrence: 0 },
      { kind: 'insert', before: 0, field: 'X-A: 1\r\n' },
    ]
    const first = wanting({
      edits: [{ kind: 'top', field: 'Authentication-Results: x\r\n' }, ...edits],
      body: stashed('other\r\n'),
      sender: 'new@remote.test',
      removeRecipients: ['ANN@example.test'],
      addRecipients: ['carol@example.test', 'bob@example.test'],
    })
    const verdict = await judge([first, second], contentMessage(text, { onTop: 'X-Policy: 1\r\n' }))
    expect(second.seen).toEqual(['X-A: 1\r\nSubject: x\r\n\r\nother\r\n'])
    expect(second.messages[0]?.onTop).toBe('Authentication-Results: x\r\nX-Policy: 1\r\n')
    expect(second.messages[0]?.envelope.sender).toBe('new@remote.test')
    expect(verdict).toMatchObject({
      kind: 'accept',
      onTop: 'Authentication-Results: x\r\n',
      beforeStored: '',
      sender: 'new@remote.test',
    })
    if (verdict.kind !== 'accept' || verdict.rewriting === undefined)
      throw new Error('no rewriting')
    expect(verdict.recipients?.map(({ address }) => address)).toEqual([
      'bob@example.test',
      'carol@example.test',
    ])
    const { edits: all, body } = verdict.rewriting
    const stored = contentMessage(text).open()
    expect(await textOf(edited(stored, all, body?.open()))).toBe(second.seen[0])
  })

  it('rewrites nothing for fields that come first', async () => {
    const first = wanting({ edits: [insert('X-A: 1'), insert('X-B: 1')] })
    const second = new FakeStep('second')
    const verdict = await judge([first, second])
    expect(verdict).toMatchObject({ beforeStored: 'X-B: 1\r\nX-A: 1\r\n', rewriting: undefined })
    expect(second.seen).toEqual([`X-B: 1\r\nX-A: 1\r\n${text}`])
  })

  it('writes into the message what does not fit beside it', async () => {
    const long = `X-A: ${'x'.repeat(BESIDE_BYTES_MAX / 2)}`
    const fits = await judge([wanting({ edits: [{ kind: 'top', field: `${long}\r\n` }] })])
    expect(fits).toMatchObject({ onTop: `${long}\r\n`, rewriting: undefined })
    const twice = await judge([
      wanting({ edits: [insert(long), { kind: 'top', field: `${long}\r\n` }] }),
    ])
    expect(twice).toMatchObject({ onTop: '', beforeStored: '' })
    if (twice.kind !== 'accept') throw new Error('not taken')
    expect(twice.rewriting?.edits).toHaveLength(2)
  })

  it('keeps the first reason and the last way', async () => {
    const steps = [
      wanting({ junk: 'spam', redirect: 'a@example.test', filter: 'smtp:[a]' }),
      wanting({ junk: 'more spam', hold: 'odd', redirect: 'b@example.test', filter: 'smtp:[b]' }),
    ]
    expect(await judge(steps)).toMatchObject({
      junk: 'spam',
      hold: 'odd',
      redirect: 'b@example.test',
      filter: 'smtp:[b]',
      trail: [{ verdict: 'redirect' }, { verdict: 'hold' }],
    })
  })

  it('gives a message that a filter left without recipients to nobody', async () => {
    const removeRecipients = ['ann@example.test', 'bob@example.test']
    const last = new FakeStep('last')
    expect(await judge([wanting({ removeRecipients }), last])).toMatchObject({
      kind: 'discard',
      step: 'one',
    })
    expect(last.abandoned).toBe(1)
  })

  it('takes no address that is none, and says so', async () => {
    const verdict = await judge([wanting({ addRecipients: ['nobody', 'a b@c.test'], sender: '<' })])
    expect(verdict).not.toHaveProperty('recipients')
    expect(verdict).not.toHaveProperty('sender')
    expect(verdict.warnings).toHaveLength(3)
  })

  it('puts a message off that is to go to no address', async () => {
    await expect(judge([wanting({ redirect: 'nobody' })])).rejects.toThrow(TemporaryFailure)
  })

  it('puts a message off of which too much is to be changed', async () => {
    const edits = (count: number) =>
      Array.from({ length: count }, () => ({ kind: 'append', field: 'X-A: 1\r\n' }) as const)
    expect(await judge([wanting({ edits: edits(HEADER_EDITS_MAX) })])).toHaveProperty('rewriting')
    const tooMany = judge([wanting({ edits: edits(HEADER_EDITS_MAX + 1) })])
    await expect(tooMany).rejects.toThrow(TemporaryFailure)
    const added = (count: number) => Array.from({ length: count }, (_, n) => `r${n}@example.test`)
    const most = await judge([wanting({ addRecipients: added(ADDED_RECIPIENTS_MAX) })])
    expect(most).toHaveProperty('recipients.length', ADDED_RECIPIENTS_MAX + 2)
    const more = judge([wanting({ addRecipients: added(ADDED_RECIPIENTS_MAX + 1) })])
    await expect(more).rejects.toThrow(TemporaryFailure)
  })
})

function insert(field: string): HeaderEdit {
  return { kind: 'insert', before: 0, field: `${field}\r\n` }
}
