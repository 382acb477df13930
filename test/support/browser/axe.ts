// axe-core in a page whose policy lets no script of others in: it comes by the debugger's protocol, which is no part of the page.

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { CDPSession } from 'playwright-core'

/** WCAG 2.2 AA, and what axe holds for good practice with landmarks and headings. */
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

type Violation = {
  readonly id: string
  readonly help: string
  readonly nodes: readonly { readonly html: string; readonly target: readonly unknown[] }[]
}

/** A line a violation: the rule, what it asks for, and the first element that breaks it. */
export async function axeViolations(session: CDPSession): Promise<readonly string[]> {
  const isThere = await evaluate(session, "typeof globalThis.axe === 'object'")
  if (isThere !== true) await evaluate(session, `${source};0`)
  const options = JSON.stringify({ runOnly: TAGS, resultTypes: ['violations'] })
  const run = `axe.run(document, ${options}).then(({ violations }) => JSON.stringify(violations))`
  const violations: readonly Violation[] = JSON.parse(String(await evaluate(session, run)))
  return violations.map(({ id, help, nodes }) => {
    const [first] = nodes
    return `${id}: ${help} (${nodes.length}): ${first?.target.join(' ')} ${first?.html.slice(0, 200)}`
  })
}

async function evaluate(session: CDPSession, expression: string): Promise<unknown> {
  const { result, exceptionDetails } = await session.send('Runtime.evaluate', {
    expression,
    awaitPromise: true,
    returnByValue: true,
  })
  if (exceptionDetails !== undefined) {
    throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text)
  }
  return result.value
}
