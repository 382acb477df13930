// Signals whose hints get lost, and that fall silent at a crash.

import type { Signals, Subscription } from '#shared/storage/ports.ts'
import type { FaultGate } from './gate.ts'

export class FaultySignals implements Signals {
  readonly #signals: Signals
  readonly #gate: FaultGate

  constructor(signals: Signals, gate: FaultGate) {
    this.#signals = signals
    this.#gate = gate
  }

  publish(topic: string, hint: string): void {
    if (this.#gate.pass({ port: 'signals', name: '', operation: 'publish' })) {
      this.#signals.publish(topic, hint)
    }
  }

  subscribe(topic: string, listener: (hint: string) => void): Promise<Subscription> {
    return this.#gate.run({ port: 'signals', name: '', operation: 'subscribe' }, () =>
      this.#signals.subscribe(topic, (hint) => {
        if (!this.#gate.crashed) listener(hint)
      }),
    )
  }
}
