/** What `${NAME}` stands for while a configuration is read. */
export type Scope = {
  brokerUser: string | null;
  postBrokerUser: string | null;
  /** An option whose name is NAME in lower case hides the environment. */
  option: (name: string) => string | null;
  environment: (name: string) => string | null;
};

/** What sr3 fills in for each message. */
const perMessage =
  /^(?:BD|PBD|BUP|BUPL|baseUrlPath|baseUrlPathLast|SOURCE|\d+|%.*|(?:YYYYMMDD|YYYY|MM|DD|HH|SS|JJJ)(?:[-+]\d+[smhdwSMHDW])?)$/;

/** Texts that are another one each time: they only make names unique, and nothing that is carried over has such a name. */
const random: Readonly<Record<string, string>> = { RAND8: "00000000", RANDID: "0000", INSTANCE: "01" };

/** `left`: names that stay as they are, since nobody knows them; sr3 says nothing of that. */
export function substitute(word: string, scope: Scope): { text: string; left: string[] } {
  const left: string[] = [];
  const text = word.replaceAll(/\$\{([^{}]*)\}/g, (whole, name: string) => {
    const value = valueOf(name, scope);
    if (value === null && !perMessage.test(name)) left.push(name);
    return value ?? whole;
  });
  return { text, left };
}

function valueOf(name: string, scope: Scope): string | null {
  if (name === "BROKER_USER" && scope.brokerUser !== null) return scope.brokerUser;
  if (name === "POST_BROKER_USER" && scope.postBrokerUser !== null) return scope.postBrokerUser;
  if (Object.hasOwn(random, name)) return random[name]!;
  return scope.option(name === "PROGRAM" ? "component" : name.toLowerCase()) ?? scope.environment(name);
}
