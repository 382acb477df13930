/** Texts of a JSON object that is a secret; undefined unless it has all of them. No error: the parser's would quote the secret. */
export function secretTexts<Name extends string>(
  json: string,
  names: readonly Name[],
): { readonly [name in Name]: string } | undefined {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch {
    return undefined
  }
  const fields: Record<string, unknown> = Object(value)
  const found = names.map((name) => [name, fields[name]] as const)
  if (!found.every(([, text]) => typeof text === 'string')) return undefined
  return Object.fromEntries(found) as { [name in Name]: string }
}
