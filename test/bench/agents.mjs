export async function agents() {
  throw new Error('x');
}
