// Writes a syntax tree as a script: what is parsed from it is the same tree. One command a line, blocks indented by two blanks.

import type { Argument, CommandSyntax, TestSyntax, Tests } from './syntax.ts'

export function printScript(commands: readonly CommandSyntax[]): string {
  return commands.map((command) => printCommand(command, '')).join('')
}

function printCommand(command: CommandSyntax, indent: string): string {
  const head = `${indent}${words([command.name, ...parts(command)])}`
  if (command.block === null) return `${head};\r\n`
  const inside = command.block.map((each) => printCommand(each, `${indent}  `)).join('')
  return `${head} {\r\n${inside}${indent}}\r\n`
}

const printTest = (test: TestSyntax): string => words([test.name, ...parts(test)])

function parts(node: { readonly arguments: readonly Argument[]; readonly tests: Tests }): string[] {
  const printed = node.arguments.map(printArgument)
  if (node.tests.kind === 'one') printed.push(printTest(node.tests.test))
  if (node.tests.kind === 'list') printed.push(`(${node.tests.tests.map(printTest).join(', ')})`)
  return printed
}

function printArgument(argument: Argument): string {
  switch (argument.kind) {
    case 'number':
      return String(argument.value)
    case 'tag':
      return `:${argument.name}`
    case 'strings': {
      const strings = argument.values.map(printString)
      return argument.bracketed ? `[${strings.join(', ')}]` : (strings[0] ?? '""')
    }
  }
}

/** quoted-string; line ends stand in it as they are. */
export function printString(value: string): string {
  return `"${value.replace(/["\\]/g, '\\$&')}"`
}

const words = (all: readonly string[]) => all.join(' ')
