// Commands and tests that say what runs (RFC 5228 §3 and §5). `require`, `if`, `elsif` and `else` are the compiler's and the interpreter's.

import { defineCommand, defineTest, type Evaluated } from '../definition.ts'

/** RFC 5228 §3.3. */
export const stop = defineCommand({
  name: 'stop',
  ends: true,
  execute: () => ({ kind: 'stop' }),
})

/** RFC 5228 §5.10 and §5.6. */
export const isTrue = defineTest({ name: 'true', evaluate: () => true })
export const isFalse = defineTest({ name: 'false', evaluate: () => false })

/** RFC 5228 §5.8. */
export const not = defineTest({
  name: 'not',
  tests: 'one',
  evaluate(_values, _run, { tests: [test] }) {
    const result = test?.() ?? false
    return typeof result === 'boolean' ? !result : result.then((held) => !held)
  },
})

/** RFC 5228 §5.2 and §5.3: from the left, and no further than it takes (RFC 5229 §3.2). */
export const allOf = defineTest({
  name: 'allof',
  tests: 'list',
  evaluate(_values, _run, { tests }) {
    const result = hasResult(tests, false)
    return typeof result === 'boolean' ? !result : result.then((has) => !has)
  },
})

export const anyOf = defineTest({
  name: 'anyof',
  tests: 'list',
  evaluate: (_values, _run, { tests }) => hasResult(tests, true),
})

function hasResult(tests: readonly (() => Evaluated)[], wanted: boolean): Evaluated {
  for (let i = 0; i < tests.length; i++) {
    const result = tests[i]?.() ?? !wanted
    if (typeof result !== 'boolean') return hasLater(result, tests.slice(i + 1), wanted)
    if (result === wanted) return true
  }
  return false
}

async function hasLater(
  first: Promise<boolean>,
  tests: readonly (() => Evaluated)[],
  wanted: boolean,
): Promise<boolean> {
  if ((await first) === wanted) return true
  for (const test of tests) {
    const result = test()
    if ((typeof result === 'boolean' ? result : await result) === wanted) return true
  }
  return false
}
