// Runs compiled scripts over a message. Pure: it reads what its context tells and says what is to be done (actions.ts). It always ends,
// within steps that are counted, and lets others have their turn.

import type { Action, Seen } from '../actions.ts'
import { readValue } from '../compile.ts'
import type {
  CompiledArguments,
  CompiledCommand,
  CompiledScript,
  CompiledTest,
  Fault,
  Needed,
  RunValue,
} from '../compiled.ts'
import type { Evaluated, Evaluation } from '../definition.ts'
import { type Position, shortened } from '../finding.ts'
import type { RunContext } from './context.ts'
import { SieveRunError } from './failure.ts'
import type { Flow } from './flow.ts'
import { ruleTableAt } from './rule-table.ts'
import { Run } from './run.ts'

export type NamedScript = { readonly name: string; readonly script: CompiledScript }

/** RFC 6609: scripts by name. A global one is the administrator's. Undefined where there is none; throws SieveRunError for one that is wrong. */
export type ScriptSource = (
  location: 'personal' | 'global',
  name: string,
) => Promise<CompiledScript | undefined>

export type RunResult =
  | {
      readonly kind: 'done'
      /** In order; the implicit keep among them, if it stands. */
      readonly actions: readonly Action[]
      readonly seen: readonly Seen[]
      readonly steps: number
    }
  /** Nothing is to be done of what scripts said: the message is kept, and the owner told. */
  | {
      readonly kind: 'failed'
      readonly script: string
      readonly at: Position
      readonly reason: string
      readonly steps: number
    }

/**
 * One after the other, as long as the message is kept: instead of keeping it the next one runs (as with Pigeonhole's sieve_before and
 * sieve_after); what one files elsewhere, refuses or discards the next does not see. Fails as what the context asks fails.
 */
export async function runScripts(
  scripts: readonly NamedScript[],
  context: RunContext,
  source: ScriptSource,
): Promise<RunResult> {
  const run = new Run(context, async (within, location, name) => {
    const script = await source(location, name)
    return script === undefined ? 'missing' : await runScript(within, name, script)
  })
  let at: Position = { line: 1, column: 1 }
  try {
    for (const [i, { name, script }] of scripts.entries()) {
      await runScript(run, name, script)
      if (i < scripts.length - 1 && !run.handOn()) break
    }
    at = { line: 0, column: 0 }
    if (run.keepsImplicitly) run.act(at, { kind: 'keep', message: run.message, flags: run.flags })
    return { kind: 'done', actions: run.actions, seen: [...run.seen.values()], steps: run.steps }
  } catch (error) {
    if (!(error instanceof SieveRunError)) throw error
    const { script = '' } = error
    // It may have a text of the script or of the message in it.
    const reason = shortened(error.message)
    return { kind: 'failed', script, at: error.at ?? at, reason, steps: run.steps }
  }
}

/** A script within the run: with variables and grants of its own. */
async function runScript(run: Run, name: string, script: CompiledScript): Promise<Flow> {
  const before = { script: run.script, granted: run.granted }
  const leave = run.variables.enterScript(script.extensions.has('variables'))
  run.script = name
  run.granted = new Set(script.extensions)
  try {
    const flow = await runCommands(run, script.commands, 0)
    return flow?.kind === 'return' ? undefined : flow
  } catch (error) {
    if (error instanceof SieveRunError) error.script ??= name
    throw error
  } finally {
    leave()
    run.script = before.script
    run.granted = before.granted
  }
}

function runCommands(
  run: Run,
  commands: readonly CompiledCommand[],
  depth: number,
): Flow | Promise<Flow> {
  for (let i = nextOf(run, commands, 0); i < commands.length; i = nextOf(run, commands, i + 1)) {
    const command = commands[i]
    if (command === undefined) break
    run.spend()
    const wait = run.pace()
    const flow =
      wait === undefined
        ? runCommand(run, command, depth)
        : wait.then(() => runCommand(run, command, depth))
    if (flow instanceof Promise) return runBehind(flow, run, commands, i + 1, depth)
    if (flow !== undefined) return flow
  }
  return undefined
}

/** Of the commands from this one on the first that is to be run. Whoever tries a script wants to be told of all. */
function nextOf(run: Run, commands: readonly CompiledCommand[], from: number): number {
  if (run.context.trace !== undefined) return from
  return ruleTableAt(commands, from)?.next(run, from) ?? from
}

/** The rest of the commands, behind one that takes until later. */
async function runBehind(
  first: Promise<Flow>,
  run: Run,
  commands: readonly CompiledCommand[],
  from: number,
  depth: number,
): Promise<Flow> {
  const flow = await first
  if (flow !== undefined) return flow
  for (let i = nextOf(run, commands, from); i < commands.length; i = nextOf(run, commands, i + 1)) {
    const command = commands[i]
    if (command === undefined) break
    run.spend()
    const wait = run.pace()
    if (wait !== undefined) await wait
    const next = runCommand(run, command, depth)
    const flowOfNext = next instanceof Promise ? await next : next
    if (flowOfNext !== undefined) return flowOfNext
  }
  return undefined
}

function runCommand(run: Run, command: CompiledCommand, depth: number): Flow | Promise<Flow> {
  switch (command.kind) {
    case 'fault':
      throw placed(new SieveRunError(command.message), command.at)
    case 'if':
      return runBranches(run, command.branches, depth)
    case 'command': {
      const { row, at, needs } = command
      trace(run, at, row.name, depth, undefined)
      try {
        checkGranted(run, needs)
        const values = valuesOf(run, command.arguments)
        const block = async () => await runCommands(run, command.block, depth + 1)
        const written = (keys: readonly string[]) => writtenText(command.arguments, keys)
        const flow = row.execute(values as never, run, { at, block, written })
        return flow instanceof Promise ? flow.catch((error) => throwPlaced(error, at)) : flow
      } catch (error) {
        throw placed(error, at)
      }
    }
  }
}

type Branches = Extract<CompiledCommand, { readonly kind: 'if' }>['branches']

function runBranches(run: Run, branches: Branches, depth: number): Flow | Promise<Flow> {
  for (let i = 0; i < branches.length; i++) {
    const branch = branches[i]
    if (branch === undefined) break
    const { test, block } = branch
    const decided = test === null || evaluate(run, test, depth)
    if (typeof decided !== 'boolean') {
      return runBranchesBehind(decided, run, branches.slice(i), depth)
    }
    if (decided) return runCommands(run, block, depth + 1)
  }
  return undefined
}

/** The test of the first is being evaluated. */
async function runBranchesBehind(
  first: Promise<boolean>,
  run: Run,
  branches: Branches,
  depth: number,
): Promise<Flow> {
  let deciding: Evaluated | undefined = first
  for (const { test, block } of branches) {
    const decided = deciding ?? (test === null || evaluate(run, test, depth))
    deciding = undefined
    if (typeof decided === 'boolean' ? decided : await decided) {
      return await runCommands(run, block, depth + 1)
    }
  }
  return undefined
}

function evaluate(run: Run, test: CompiledTest, depth: number): Evaluated {
  if (test.kind === 'fault') throw placed(new SieveRunError(test.message), test.at)
  const wait = run.pace()
  return wait === undefined
    ? evaluateNow(run, test, depth)
    : wait.then(() => evaluateNow(run, test, depth))
}

function evaluateNow(run: Run, test: Exclude<CompiledTest, Fault>, depth: number): Evaluated {
  const { row, at, needs } = test
  try {
    run.spend()
    checkGranted(run, needs)
    const about = {
      at,
      tests:
        test.tests.length === 0
          ? noTests
          : test.tests.map((each) => () => evaluate(run, each, depth + 1)),
    }
    const result =
      test.prepared === undefined
        ? row.evaluate(valuesOf(run, test.arguments) as never, run, about)
        : test.prepared().evaluate(run, about)
    if (typeof result === 'boolean') {
      trace(run, at, row.name, depth, result)
      return result
    }
    return result.then(
      (value) => {
        trace(run, at, row.name, depth, value)
        return value
      },
      (error) => throwPlaced(error, at),
    )
  } catch (error) {
    throw placed(error, at)
  }
}

const noTests: Evaluation['tests'] = []

function checkGranted(run: Run, needs: readonly Needed[]): void {
  for (const { what, oneOf } of needs) {
    if (!oneOf.some((each) => run.granted.has(each))) {
      throw new SieveRunError(`${what} needs "${oneOf[0]}"`)
    }
  }
}

/** Texts with the values that variables have now. */
function valuesOf(run: Run, { constant, values }: CompiledArguments): object {
  if (constant !== undefined) return constant
  const read: { [key: string]: unknown } = {}
  for (const each of values) read[each.key] = readValue(each, runValue(run, each.value))
  return read
}

function runValue(run: Run, value: RunValue | undefined): unknown {
  switch (value?.kind) {
    case undefined:
      return undefined
    case 'known':
      return value.value
    case 'text':
      return run.variables.expand(value.text)
    case 'texts':
      return run.variables.expandAll(value.texts)
  }
}

/** Arguments as they were written, variables and all: the same text for the same ones (RFC 5230 §4.2). */
function writtenText({ values }: CompiledArguments, keys: readonly string[]): string {
  return JSON.stringify(keys.map((key) => values.find((each) => each.key === key)?.value ?? null))
}

function throwPlaced(error: unknown, at: Position): never {
  throw placed(error, at)
}

/** The innermost place is told. */
function placed(error: unknown, at: Position): unknown {
  if (error instanceof SieveRunError) error.at ??= at
  return error
}

function trace(run: Run, { line }: Position, name: string, depth: number, result?: boolean) {
  run.context.trace?.({ script: run.script, line, depth, name, result })
}
