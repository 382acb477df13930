// Reads of a Dockerfile what running the image's process takes: which files are copied, the environment, the command. Only the
// last stage counts, for that is the image.

export type ImageRecipe = {
  /** Sources of COPY out of the build folder; `.` is all of it. */
  readonly copied: readonly string[]
  /** Whether packages come out of another stage, which installs them after package.json. */
  readonly hasPackages: boolean
  readonly workingDirectory: string
  readonly environment: Readonly<Record<string, string>>
  readonly entryPoint: readonly string[]
  readonly command: readonly string[]
}

export function readDockerfile(text: string): ImageRecipe {
  const all = instructions(text)
  const last = all.slice(all.findLastIndex(([instruction]) => instruction === 'FROM'))
  const of = (wanted: string) =>
    last.filter(([instruction]) => instruction === wanted).map(([, rest]) => rest)
  const copies = of('COPY').map((rest) => rest.split(/\s+/))
  const fromStages = copies.filter((words) => words.some((word) => word.startsWith('--from=')))
  const fromFolder = copies.filter((words) => !fromStages.includes(words))
  return {
    copied: fromFolder.flatMap((words) =>
      words.filter((word) => !word.startsWith('--')).slice(0, -1),
    ),
    hasPackages: fromStages.some((words) => words.some((word) => word.endsWith('/node_modules'))),
    workingDirectory: of('WORKDIR').at(-1) ?? '/',
    environment: Object.fromEntries(
      of('ENV')
        .flatMap((rest) => rest.split(/\s+/))
        .map((pair) => pair.split('=', 2)),
    ),
    entryPoint: words(of('ENTRYPOINT').at(-1) ?? '[]'),
    command: words(of('CMD').at(-1) ?? '[]'),
  }
}

/** Without comments; lines that end in a backslash go on. */
function instructions(text: string): readonly (readonly [string, string])[] {
  return text
    .replace(/^\s*#.*$/gm, '')
    .replace(/\\\n/g, ' ')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((line) => {
      const [instruction = '', ...rest] = line.split(/\s+/)
      return [instruction.toUpperCase(), rest.join(' ')] as const
    })
}

/** The exec form only: with a shell in between the process would not get SIGTERM. */
function words(rest: string): readonly string[] {
  if (!rest.startsWith('[')) throw new Error(`not in exec form: ${rest}`)
  const parsed: unknown = JSON.parse(rest)
  if (!Array.isArray(parsed)) throw new Error(`not in exec form: ${rest}`)
  return parsed.map(String)
}
