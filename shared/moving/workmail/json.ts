// JSON that others wrote, read without belief: what is not there or of another kind is undefined, or an empty list.

export function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
  return Reflect.get(value, name)
}

/** Undefined where there is none, or an empty one. */
export function textIn(value: unknown, name: string): string | undefined {
  const found = memberOf(value, name)
  return typeof found === 'string' && found !== '' ? found : undefined
}

/** Numbers of some answers are texts. */
export function numberIn(value: unknown, name: string): number | undefined {
  const found = memberOf(value, name)
  const number = typeof found === 'string' && found.trim() !== '' ? Number(found) : found
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined
}

export function flagIn(value: unknown, name: string): boolean | undefined {
  const found = memberOf(value, name)
  return typeof found === 'boolean' ? found : undefined
}

export function listIn(value: unknown, name: string): readonly unknown[] {
  const found = memberOf(value, name)
  return Array.isArray(found) ? found : []
}

export const textsIn = (value: unknown, name: string): readonly string[] =>
  listIn(value, name).filter((one) => typeof one === 'string')

/** One of the words, in the spelling of the list. */
export function wordIn<const Word extends string>(
  value: unknown,
  name: string,
  words: readonly Word[],
): Word | undefined {
  const found = textIn(value, name)
  return words.find((word) => word === found)
}
