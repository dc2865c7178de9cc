"""Help: the project's documents, by reader. Open to everybody who has signed in: who has no role yet needs it most."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from clones.documents import DOCUMENTS, SHELVES, page_of


@require_safe
def help_index(request: HttpRequest) -> HttpResponse:
    shelves = [(shelf, [(each, page_of(each)) for each in shelf.documents]) for shelf in SHELVES]
    return render(request, "clones/help_index.html", {"shelves": shelves})


@require_safe
def help_page(request: HttpRequest, name: str) -> HttpResponse:
    document = DOCUMENTS.get(name)
    if document is None:
        raise Http404
    shelf = next(shelf for shelf in SHELVES if document in shelf.documents)
    siblings = [(each, page_of(each).title) for each in shelf.documents]
    context = {"document": document, "page": page_of(document), "shelf": shelf, "siblings": siblings}
    return render(request, "clones/help_page.html", context)
