// Work that may take long without reading anything: comparing a long field with thousands of keys. It stops now and then, and others have
// their turn where it is theirs.

import { turns } from '#shared/runtime/turns.ts'

/** The result at once if nobody has to wait for it. */
export function paced<T>(work: Generator<undefined, T>): T | Promise<T> {
  for (;;) {
    const { done, value } = work.next()
    if (done) return value
    const wait = turns.step()
    if (wait !== undefined) return pacedBehind(wait, work)
  }
}

async function pacedBehind<T>(wait: Promise<void>, work: Generator<undefined, T>): Promise<T> {
  await wait
  for (;;) {
    const { done, value } = work.next()
    if (done) return value
    const next = turns.step()
    if (next !== undefined) await next
  }
}
