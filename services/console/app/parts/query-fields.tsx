// Filters that live in the URL: what is chosen is in the address at once, and what the address says is what is shown. Their names are the
// API's.

import { useId } from 'preact/hooks'
import { place, setQuery } from '../kit/location.ts'

/** Of the query, or what stands for nothing. */
export const asked = (name: string, otherwise = ''): string =>
  place.value.query.get(name) ?? otherwise

/** Those of the query with these names, for a call of the API. */
export const askedOf = <Name extends string>(
  names: readonly Name[],
): { readonly [name in Name]?: string } =>
  Object.fromEntries(
    names.flatMap((name) => {
      const value = place.value.query.get(name)
      return value === null || value === '' ? [] : [[name, value]]
    }),
  ) as { readonly [name in Name]?: string }

type Filter = {
  readonly name: string
  readonly label: string
  /** Forgotten when this one changes. */
  readonly clears?: readonly string[]
}

function change({ name, clears = [] }: Filter, value: string): void {
  setQuery({ ...Object.fromEntries(clears.map((each) => [each, undefined])), [name]: value })
}

/** One of few, all in sight. */
export function QueryChoice({
  options,
  otherwise,
  ...filter
}: Filter & {
  readonly options: readonly { readonly value: string; readonly label: string }[]
  readonly otherwise: string
}) {
  const id = useId()
  const chosen = asked(filter.name, otherwise)
  return (
    <fieldset class="choice">
      <legend>{filter.label}</legend>
      {options.map(({ value, label }) => (
        <label key={value}>
          <input
            type="radio"
            name={id}
            value={value}
            checked={value === chosen}
            onChange={() => change(filter, value === otherwise ? '' : value)}
          />
          {label}
        </label>
      ))}
    </fieldset>
  )
}
