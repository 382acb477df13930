// What stood in the way of a delivery at each host and address, and which of it is told: the one place that decides.

import type { Undelivered } from '#shared/contracts/delivery.ts'

/** How far an attempt got, least first: name servers, whether the address may be used, TCP, the SMTP session, a host that answered. */
const stages = ['lookup', 'target', 'connect', 'lost', 'answered'] as const
export type Stage = (typeof stages)[number]

type Obstacle = { readonly stage: Stage; readonly failure: Undelivered }

/** Who is told of them. */
export type ObstacleSink = Pick<Obstacles, 'add'>

export class Obstacles {
  readonly #met: Obstacle[] = []

  add(stage: Stage, failure: Undelivered): void {
    this.#met.push({ stage, failure })
  }

  /**
   * While anything is only in trouble for now the mail waits. Told is what got furthest, since `connection refused` at a second address
   * says nothing about the first host's certificate; of equals the first, which is the better host.
   */
  get told(): Undelivered | undefined {
    const waiting = this.#met.filter(({ failure }) => failure.kind === 'deferred')
    let told: Obstacle | undefined
    for (const one of waiting.length > 0 ? waiting : this.#met) {
      if (told === undefined || stages.indexOf(one.stage) > stages.indexOf(told.stage)) told = one
    }
    return told?.failure
  }
}
