// A collaborator that is loaded when it is first asked for something: a command starts with what it needs, and knows nothing of that.

/** What can come later: all that it does is awaited. */
export type Awaited<T> = {
  readonly [K in keyof T]: (...args: never[]) => Promise<unknown>
}

export function lazily<T extends Awaited<T>>(load: () => Promise<T>): T {
  let loading: Promise<T> | undefined
  const call = async (name: PropertyKey, words: readonly unknown[]) => {
    loading ??= load()
    const loaded = await loading
    return await Reflect.apply(Reflect.get(loaded, name), loaded, words)
  }
  return new Proxy<T>(Object.create(null), {
    get: (_, name) =>
      // It is no promise itself, whoever awaits it.
      name === 'then' ? undefined : (...words: readonly unknown[]) => call(name, words),
  })
}
