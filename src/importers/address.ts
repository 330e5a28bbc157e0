/** Where files go, as a URL of `destination.url`: what means something in an address is escaped. */
export function sftpUrl(host: { user: string | null; host: string; port: number | null }, directory: string): string {
  const name = `${host.user === null ? "" : `${escapeUrl(host.user)}@`}${host.host}${host.port === null ? "" : `:${host.port}`}`;
  const path = escapeUrl(directory).replace(/^\/~/, "/%7E");
  return `sftp://${name}${path.startsWith("/") ? path : `/~/${path === "." ? "" : path}`}`;
}

export function escapeUrl(text: string): string {
  return text.replaceAll(/[%?#@:]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`);
}
