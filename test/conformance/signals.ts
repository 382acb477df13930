// The promises of the Signals port (shared/storage/ports.ts), for any driver. A hint may be lost, so a case that waits for
// one publishes until it arrives.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Signals, Store } from '#shared/storage/ports.ts'
import { eventually, type Open, type SuiteOptions, unique } from '#test/support/storage.ts'

export function describeSignals(name: string, open: Open, _options: SuiteOptions = {}): void {
  describe(`${name}: Signals`, () => {
    let store: Store
    let close: () => Promise<void>
    let signals: Signals
    beforeEach(async () => {
      ;({ store, close } = await open())
      signals = store.signals
    })
    afterEach(async () => await close())

    const publishUntil = (topic: string, hint: string, arrived: () => boolean) =>
      eventually(() => {
        signals.publish(topic, hint)
        return arrived()
      }, Boolean)

    it('brings a hint to the subscriber of its topic', async () => {
      const topic = unique('folder/ü 😀\n')
      const heard = new Set<string>()
      await using _ = disposing(await signals.subscribe(topic, (hint) => heard.add(hint)))
      const hint = 'modseq 17 \n "é" '
      expect(await publishUntil(topic, hint, () => heard.has(hint))).toBe(true)
    })

    it('brings it to every subscriber', async () => {
      const topic = unique()
      const heard = [0, 0, 0]
      const subscriptions = await Promise.all(
        heard.map((_, n) =>
          signals.subscribe(topic, () => {
            heard[n] = (heard[n] ?? 0) + 1
          }),
        ),
      )
      expect(await publishUntil(topic, 'x', () => heard.every((count) => count > 0))).toBe(true)
      for (const subscription of subscriptions) await subscription.close()
    })

    it('keeps topics apart', async () => {
      const [mine, other] = [unique(), unique()]
      const heard: string[] = []
      const marked = new Set<string>()
      await using _ = disposing(await signals.subscribe(mine, (hint) => heard.push(hint)))
      await using __ = disposing(await signals.subscribe(other, (hint) => marked.add(hint)))
      expect(await publishUntil(other, 'not for me', () => marked.size > 0)).toBe(true)
      expect(await publishUntil(mine, 'for me', () => heard.length > 0)).toBe(true)
      expect(new Set(heard)).toEqual(new Set(['for me']))
    })

    it('brings nothing to a closed subscription and still serves the others', async () => {
      const topic = unique()
      const closed: string[] = []
      const open = new Set<string>()
      const subscription = await signals.subscribe(topic, (hint) => closed.push(hint))
      await using _ = disposing(await signals.subscribe(topic, (hint) => open.add(hint)))
      await subscription.close()
      await subscription.close()
      expect(await publishUntil(topic, 'after', () => open.has('after'))).toBe(true)
      expect(closed).not.toContain('after')
    })

    it('may be subscribed again after the last subscription was closed', async () => {
      const topic = unique()
      await (await signals.subscribe(topic, () => {})).close()
      const heard = new Set<string>()
      await using _ = disposing(await signals.subscribe(topic, (hint) => heard.add(hint)))
      expect(await publishUntil(topic, 'again', () => heard.has('again'))).toBe(true)
    })

    it('publishes to nobody without an error, and even after closing', async () => {
      signals.publish(unique(), 'nobody listens')
      await close()
      signals.publish(unique(), 'nobody can listen')
      ;({ store, close } = await open())
    })
  })
}

function disposing(subscription: { close(): Promise<void> }): AsyncDisposable {
  return { [Symbol.asyncDispose]: () => subscription.close() }
}
