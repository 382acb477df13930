// Which storage call meets which fault. A plan is asked once per call, so a test can aim at one call ("the second transact
// on mail") or draw from a seeded random source and repeat a run exactly.

/** One call of a port. `number` counts all calls of the wrapped store from 1. */
export type StorageCall = {
  readonly port: 'table' | 'objects' | 'queue' | 'signals'
  /** Table or queue name; empty for the others. */
  readonly name: string
  readonly operation: string
  readonly number: number
}

export type Fault =
  /** TemporaryFailure; nothing happened. */
  | 'throttled'
  /** TemporaryFailure although it happened. */
  | 'unanswered'
  /** Conflict; nothing happened. transact and transactGet. */
  | 'conflict'
  /** The stream ends with TemporaryFailure after its first chunk. stream. */
  | 'broken'
  /** query and batchGet see transactions under way half applied, and without `consistent` also recent ones. */
  | 'torn'
  /** receive also brings messages that were delivered before. */
  | 'duplicated'
  /** receive keeps back some messages for later and shuffles the rest. */
  | 'delayed'
  /** The hint goes nowhere. publish. */
  | 'lost'

export type FaultPlan = (call: StorageCall) => Fault | undefined

export const noFaults: FaultPlan = () => undefined

/** Probability of each fault at the calls it can happen to; together at most 1. */
export type FaultRates = { readonly [fault in Fault]?: number }

const everywhere: readonly Fault[] = ['throttled', 'unanswered']
const byOperation: { readonly [operation: string]: readonly Fault[] } = {
  transact: [...everywhere, 'conflict'],
  transactGet: [...everywhere, 'conflict'],
  query: [...everywhere, 'torn'],
  batchGet: [...everywhere, 'torn'],
  receive: [...everywhere, 'duplicated', 'delayed'],
  stream: ['throttled', 'broken'],
  publish: ['lost'],
  subscribe: [],
}

/** Draws a fault for each call. */
export function randomFaults(random: () => number, rates: FaultRates): FaultPlan {
  return ({ operation }) => {
    let draw = random()
    for (const fault of byOperation[operation] ?? everywhere) {
      draw -= rates[fault] ?? 0
      if (draw < 0) return fault
    }
    return undefined
  }
}

/** Numbers from 0 to below 1, the same for the same seed. A linear congruential generator with Knuth's MMIX constants. */
export function seededRandom(seed: number): () => number {
  let state = BigInt.asUintN(64, BigInt(Math.trunc(seed)))
  return () => {
    state = BigInt.asUintN(64, state * 6364136223846793005n + 1442695040888963407n)
    return Number(state >> 11n) / 2 ** 53
  }
}
