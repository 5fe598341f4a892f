"""What the pages and the API share: answers, forms, security, words for refusals."""
