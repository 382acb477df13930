/** Of a run without SEED: the same every time. */
const USUAL_SEED = 20_261_120
const SEEDS = 2 ** 31

/** `random` looks for what nobody has seen yet; anything else is taken as it is, so that a run can be repeated. */
export function chosenSeed(given: string | undefined): number {
  if (given === undefined || given === '') return USUAL_SEED
  if (given === 'random') return Math.floor(Math.random() * SEEDS)
  const seed = Number(given)
  if (Number.isSafeInteger(seed) && seed >= 0) return seed
  throw new Error(`SEED is a whole number or 'random', not '${given}'`)
}
