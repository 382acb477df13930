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
  async evaluate(_values, _run, { tests: [test] }) {
    return !(await test?.())
  },
})

/** RFC 5228 §5.2 and §5.3: from the left, and no further than it takes (RFC 5229 §3.2). */
export const allOf = defineTest({
  name: 'allof',
  tests: 'list',
  evaluate: async (_values, _run, { tests }) => !(await hasResult(tests, false)),
})

export const anyOf = defineTest({
  name: 'anyof',
  tests: 'list',
  evaluate: (_values, _run, { tests }) => hasResult(tests, true),
})

async function hasResult(tests: readonly (() => Evaluated)[], wanted: boolean): Promise<boolean> {
  for (const test of tests) {
    const result = test()
    if ((typeof result === 'boolean' ? result : await result) === wanted) return true
  }
  return false
}
