// What somebody typed, by its form. More than one may fit.

export type Shape = 'address' | 'domain' | 'queue-id' | 'message-id' | 'network'

const forms = {
  'message-id': /^<[^<>\s]{1,998}>$/,
  address: /^[^@\s<>]{1,64}@[^@\s<>]{1,255}$/,
  network: /^(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-f]{0,4}:[0-9a-f:.]{2,45})(?:\/\d{1,3})?$/i,
  domain: /^(?:[^\s@.:/]{1,63}\.){1,20}[^\s@.:/]{1,63}$/,
  'queue-id': /^[0-9A-Za-z]{8,40}$/,
} as const satisfies { readonly [shape in Shape]: RegExp }

const shapes = Object.entries(forms) as readonly (readonly [Shape, RegExp])[]

const CHARACTERS_MAX = 1_000

export function shapesOf(text: string): readonly Shape[] {
  if (text.length > CHARACTERS_MAX) return []
  const found = shapes.filter(([, form]) => form.test(text)).map(([shape]) => shape)
  return found.includes('network') ? found.filter((shape) => shape !== 'domain') : found
}
