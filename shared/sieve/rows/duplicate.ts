// RFC 7352: whether a message was seen before. It is remembered when all that the scripts want is done.

import { choice, defineTest, flag, number, option, string } from '../definition.ts'

const DEFAULT_SECONDS = 7 * 86_400
/** Longer ones are shortened without a word (RFC 7352 §3.3). */
const SECONDS_MAX = 90 * 86_400

export const duplicate = defineTest({
  name: 'duplicate',
  extensions: ['duplicate'],
  tags: {
    handle: option('handle', string),
    by: choice({
      header: { extension: null, takes: string },
      uniqueid: { extension: null, takes: string },
    }),
    seconds: option('seconds', number),
    last: flag('last'),
  },
  async evaluate({ handle, by, seconds = DEFAULT_SECONDS, last }, run) {
    const value =
      by?.tag === 'uniqueid'
        ? by.value
        : (await run.message.header()).texts(by?.value ?? 'message-id')[0]
    if (value === undefined || seconds === 0) return false
    const id = JSON.stringify([handle ?? null, value])
    run.seen.set(id, { id, seconds: Math.min(seconds, SECONDS_MAX), last })
    return await run.context.wasSeen(id)
  },
})
