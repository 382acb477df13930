import { describe, expect, it } from 'vitest'
import { readable, Unreadable, unlessUnreadable } from '#shared/moving/mailboxes/readable.ts'
import { SourceFailure } from '#shared/moving/mailboxes/source.ts'
import { TemporaryFailure } from '#shared/runtime/errors.ts'

async function* breaking(error: Error) {
  yield Buffer.from('half\n')
  throw error
}

const reading = (error: Error) => Array.fromAsync(readable(breaking(error))).catch(unlessUnreadable)

describe('the bytes of a message', () => {
  it('that cannot be read are the matter of that message', async () => {
    const found = await reading(new Error('not a gzip'))
    expect(found).toBeInstanceOf(Unreadable)
    expect(found).toMatchObject({ message: 'not a gzip' })
  })

  it.each([new TemporaryFailure('the server does not answer'), new SourceFailure('refused')])(
    'that break off with all of the source end what is read from it: %s',
    async (error) => {
      await expect(reading(error)).rejects.toBe(error)
    },
  )
})
