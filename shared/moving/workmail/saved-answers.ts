// Answers of WorkMail from a folder: what `aws workmail … --output json` printed, a file for each, named by the command and by what it was
// about: `list-users.json`, `list-aliases.<id>.json`. docs/moving-workmail.md has the commands that write them all.

import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import type { Answer, AskWorkMail, Question } from './questions.ts'

/** Of one file: 100,000 users take some 40 MB. */
export const ANSWER_BYTES_MAX = 64 * 1024 ** 2

export function answersIn(directory: string): AskWorkMail {
  return async (question, of) => {
    const name = savedName(question, of)
    return name === undefined
      ? { kind: 'missing', why: 'it has an id that no file can have' }
      : await readAnswer(join(directory, name), name)
  }
}

/** Undefined for an id that WorkMail gives to nobody, and that might lead out of the folder. */
export function savedName(question: Question, of?: string): string | undefined {
  const command = question.replace(/[A-Z]/g, (letter, at) =>
    at === 0 ? letter.toLowerCase() : `-${letter.toLowerCase()}`,
  )
  if (of === undefined) return `${command}.json`
  return /^[A-Za-z0-9][A-Za-z0-9.-]{0,199}$/.test(of) ? `${command}.${of}.json` : undefined
}

async function readAnswer(path: string, name: string): Promise<Answer> {
  const refused = (why: string): Answer => ({ kind: 'refused', name: 'UnreadableFile', why })
  let text: string
  try {
    // Whoever wrote the folder may have put anything there: a pipe would keep us for ever, a link would lead elsewhere.
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
    await using file = await open(path, flags)
    const { size, isFile } = await file.stat().then((stat) => ({
      size: stat.size,
      isFile: stat.isFile(),
    }))
    if (!isFile) return refused(`${name} is no file`)
    if (size > ANSWER_BYTES_MAX) return refused(`${name} has more than ${ANSWER_BYTES_MAX} bytes`)
    text = textOf(await file.readFile())
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    if (code === 'ENOENT') return { kind: 'missing', why: `there is no ${name}` }
    return refused(`${name} cannot be read: ${code === 'ELOOP' ? 'it is a link' : code}`)
  }
  // A command that failed leaves an empty file.
  if (text.trim() === '') return { kind: 'missing', why: `${name} is empty` }
  try {
    return { kind: 'answer', value: JSON.parse(text) }
  } catch {
    return refused(`${name} is no JSON`)
  }
}

/** PowerShell writes what a program prints as UTF-16, with a mark before it; others put one before UTF-8. */
function textOf(bytes: Buffer): string {
  const isWide = bytes[0] === 0xff && bytes[1] === 0xfe
  return new TextDecoder(isWide ? 'utf-16le' : 'utf-8').decode(bytes)
}
