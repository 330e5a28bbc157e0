/** A few words of which one is chosen. */
export function Choice<Value extends string>(props: {
  name: string;
  options: Record<Value, string>;
  value: Value;
  choose: (value: Value) => void;
}) {
  return (
    <div class="choice" role="group" aria-label={props.name}>
      {(Object.entries(props.options) as Array<[Value, string]>).map(([value, label]) => (
        <button key={value} type="button" aria-pressed={value === props.value} onClick={() => props.choose(value)}>
          {label}
        </button>
      ))}
    </div>
  );
}
