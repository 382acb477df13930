// Moves in tests: ends on stores of either driver, and a clock on which nobody waits for long.

import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { createNoteMoveAct } from '#services/cli/move-acts.ts'
import { Ledger } from '#shared/moving/replication/ledger.ts'
import type { MoveParts } from '#shared/moving/replication/move.ts'
import type { Side } from '#shared/moving/replication/side.ts'
import { type Clock, systemClock } from '#shared/runtime/clock.ts'
import { scanTable } from '#shared/storage/aws/scan.ts'
import { changedRuns } from '#shared/storage/embedded/changed-runs.ts'
import type { EmbeddedStore } from '#shared/storage/embedded/open.ts'
import type { Store } from '#shared/storage/ports.ts'
import type { TestAws } from './emulators/open-test-aws-store.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** What is longer than a moment is over at once, and its hands go on by as much. */
export function hurriedClock(): Clock {
  let aheadMs = 0
  return {
    now: () => systemClock.now() + aheadMs,
    async sleep(ms, signal) {
      if (ms > 200) {
        aheadMs += ms
        return await systemClock.sleep(1, signal)
      }
      await systemClock.sleep(ms, signal)
    },
  }
}

/** `through`: the store as the move sees it, perhaps with faults. */
export function embeddedSide(
  store: EmbeddedStore,
  { name, through = store, isAlone = true }: { name: string; through?: Store; isAlone?: boolean },
): Side {
  return {
    name,
    identity: name,
    store: through,
    async scan(table, take) {
      await using view = store.view()
      take(await Array.fromAsync(view.items(table)))
      return 0
    },
    async rescan(table, known, take) {
      await using view = store.view()
      for await (const run of changedRuns(view.entries(table), known)) take(run)
    },
    alone: isAlone ? async () => ({ [Symbol.asyncDispose]: async () => {} }) : undefined,
    waiting: async () => undefined,
  }
}

export function awsSide(aws: TestAws, store: Store, name = 'the deployment'): Side {
  const { clients, options } = aws
  return {
    name,
    identity: options.tables.mail,
    store,
    scan: (table, take) => scanTable(clients.dynamo, options.tables[table], take),
    alone: undefined,
    waiting: async () => undefined,
  }
}

/** What a command works with, and what it noted meanwhile. */
export async function moveParts(
  source: Side,
  target: Side,
  given: Partial<Pick<MoveParts, 'clock' | 'tell'>> = {},
): Promise<MoveParts & AsyncDisposable> {
  const folder = await temporaryFolder()
  const ledger = new Ledger(join(folder.path, 'ledger'))
  const clock = given.clock ?? hurriedClock()
  return {
    ...{ source, target, ledger },
    clock,
    newId: randomUUID,
    note: createNoteMoveAct({ by: 'mover', clock }),
    watch: () => () => {},
    tell: given.tell ?? (() => {}),
    async [Symbol.asyncDispose]() {
      await ledger[Symbol.asyncDispose]()
      await folder[Symbol.asyncDispose]()
    },
  }
}
